BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE audit_log (
	stream VARCHAR NOT NULL, 
	seq BIGINT NOT NULL, 
	written_at DATETIME NOT NULL, 
	actor VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	previous VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	PRIMARY KEY (stream, seq)
);
INSERT INTO "audit_log" VALUES('registry',1,'2026-11-20 15:00:00.000002','ledger','stamp','ledger','{"command":"stamp","content":{"book":"demo:7"}}','0000000000000000000000000000000000000000000000000000000000000000','fd2978bdbd66c65c607462573c7548bd641a3831f8c1b11765f4d4a9d8f1d4a1');
INSERT INTO "audit_log" VALUES('limits',1,'2026-11-20 15:00:00.000004','con','set_limits','limits','{"command":"limits","content":{"at":"2026-11-20T15:00:00.000003Z","by":"con","comment":"first","rows":[{"about":"","account_id":"*","bound":"1000","rule":"min_allocation"}],"version":1}}','0000000000000000000000000000000000000000000000000000000000000000','6d1bfe6571d2e480d35ea108ac262837fa023e123b963640dbdc181f48381734');
INSERT INTO "audit_log" VALUES('registry',2,'2026-11-20 15:00:00.000004','con','entry','limits','{"seq":1,"sha256":"6d1bfe6571d2e480d35ea108ac262837fa023e123b963640dbdc181f48381734"}','fd2978bdbd66c65c607462573c7548bd641a3831f8c1b11765f4d4a9d8f1d4a1','ac0c3a72e384786c4879afb392ad2c7094ad6a7f957288c197211f72a53b1256');
INSERT INTO "audit_log" VALUES('group:BIG6',1,'2026-11-20 15:00:00.000010','pm','confirm','EL-228D908CAB8A','{"command":"c1","content":{"order":{"asset_id":"B","average_price":null,"broker_id":"","broker_status":"","comment":"first block","created_at":"2026-11-20T15:00:00.000009Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":400000,"filled":"0","group":"BIG6","id":"EL-228D908CAB8A","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"0","face":200000},{"account_id":"B","booked":"0","face":200000}],"message":"","ordered":400000,"settlement":"2026-11-23","side":"BUY","state":"confirmed","statement_id":"EL-228D908CAB8A.1","statement_sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","trade_date":"2026-11-20","updated_at":"2026-11-20T15:00:00.000009Z","version":1},"statement":{"id":"EL-228D908CAB8A.1","sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","version":1}}}','0000000000000000000000000000000000000000000000000000000000000000','acf1566d4e826c7723363ae2c686465eaa239fc37104434d0000df00f2004fda');
INSERT INTO "audit_log" VALUES('registry',3,'2026-11-20 15:00:00.000010','pm','entry','group:BIG6','{"seq":1,"sha256":"acf1566d4e826c7723363ae2c686465eaa239fc37104434d0000df00f2004fda"}','ac0c3a72e384786c4879afb392ad2c7094ad6a7f957288c197211f72a53b1256','9f641cd3e5f86cdd4e58bbb9aa88f2f12b740cfdad67073a76fa036daed00783');
INSERT INTO "audit_log" VALUES('group:BIG6',2,'2026-11-20 15:00:30.000014','worker','send','EL-228D908CAB8A','{"command":"EL-228D908CAB8A:1:send","content":{"change":{"actor":"worker","at":"2026-11-20T15:00:30.000013Z","average_price":null,"booked":null,"broker_id":null,"broker_status":null,"closes_intent":null,"detail":"","event":"send","filled":null,"message":null,"order_id":"EL-228D908CAB8A","state":"sending","version":1},"fence":1,"version":2}}','acf1566d4e826c7723363ae2c686465eaa239fc37104434d0000df00f2004fda','44fb2611c05e8ac84e18f4425fda521d5e802e5a8a377d8b5ecf6729e778b999');
INSERT INTO "audit_log" VALUES('registry',4,'2026-11-20 15:00:30.000014','worker','entry','group:BIG6','{"seq":2,"sha256":"44fb2611c05e8ac84e18f4425fda521d5e802e5a8a377d8b5ecf6729e778b999"}','9f641cd3e5f86cdd4e58bbb9aa88f2f12b740cfdad67073a76fa036daed00783','5a913d82088315e3a1dedff612fe8dd0a73a6bd67f11623b316e00ee6f300b96');
INSERT INTO "audit_log" VALUES('group:BIG6',3,'2026-11-20 15:00:30.000016','worker','opened','EL-228D908CAB8A','{"command":"EL-228D908CAB8A:2:opened","content":{"change":{"actor":"worker","at":"2026-11-20T15:00:30.000015Z","average_price":null,"booked":{},"broker_id":"1","broker_status":"Open","closes_intent":"EL-228D908CAB8A:send","detail":"Aladdin order 1: Open","event":"opened","filled":"0","message":null,"order_id":"EL-228D908CAB8A","state":"open","version":2},"fence":1,"version":3}}','44fb2611c05e8ac84e18f4425fda521d5e802e5a8a377d8b5ecf6729e778b999','aa4b8bf57c8c5ab341785c081acfb89e364e7340584add104ae3deca3733f951');
INSERT INTO "audit_log" VALUES('registry',5,'2026-11-20 15:00:30.000016','worker','entry','group:BIG6','{"seq":3,"sha256":"aa4b8bf57c8c5ab341785c081acfb89e364e7340584add104ae3deca3733f951"}','5a913d82088315e3a1dedff612fe8dd0a73a6bd67f11623b316e00ee6f300b96','12c1a8d59466b4d840cc70528eedb31a2b9ebb761844b1f695e5c17f2ea2413c');
INSERT INTO "audit_log" VALUES('group:BIG6',4,'2026-11-20 15:01:00.000022','worker','active','EL-228D908CAB8A','{"command":"EL-228D908CAB8A:3:active","content":{"change":{"actor":"worker","at":"2026-11-20T15:01:00.000021Z","average_price":"98.5","booked":{"A":"100000"},"broker_id":"1","broker_status":"Active","closes_intent":null,"detail":"100,000 of 400,000 filled at 98.5","event":"active","filled":"100000","message":null,"order_id":"EL-228D908CAB8A","state":"active","version":3},"fence":1,"version":4}}','aa4b8bf57c8c5ab341785c081acfb89e364e7340584add104ae3deca3733f951','55fb5b8796ee4ddffd5a0e4589bdc7a528ad87cdf728648febd2edeadadc9c2c');
INSERT INTO "audit_log" VALUES('registry',6,'2026-11-20 15:01:00.000022','worker','entry','group:BIG6','{"seq":4,"sha256":"55fb5b8796ee4ddffd5a0e4589bdc7a528ad87cdf728648febd2edeadadc9c2c"}','12c1a8d59466b4d840cc70528eedb31a2b9ebb761844b1f695e5c17f2ea2413c','774e72cb7ce7fc18e68578ae60c26928ea57906f1c418a2282855c7a0281892d');
INSERT INTO "audit_log" VALUES('group:BIG6',5,'2026-11-20 15:01:30.000027','worker','filled','EL-228D908CAB8A','{"command":"EL-228D908CAB8A:4:filled","content":{"change":{"actor":"worker","at":"2026-11-20T15:01:30.000026Z","average_price":"98.5","booked":{"A":"150000","B":"50000","Z":"7"},"broker_id":"1","broker_status":"Active","closes_intent":null,"detail":"200,007 of 400,000 filled at 98.5","event":"filled","filled":"200007","message":null,"order_id":"EL-228D908CAB8A","state":"active","version":4},"fence":1,"version":5}}','55fb5b8796ee4ddffd5a0e4589bdc7a528ad87cdf728648febd2edeadadc9c2c','a56b85d725eec901fe97ef0993273460f3e9b6d10c4b5055b79fc0a6e26aca02');
INSERT INTO "audit_log" VALUES('registry',7,'2026-11-20 15:01:30.000027','worker','entry','group:BIG6','{"seq":5,"sha256":"a56b85d725eec901fe97ef0993273460f3e9b6d10c4b5055b79fc0a6e26aca02"}','774e72cb7ce7fc18e68578ae60c26928ea57906f1c418a2282855c7a0281892d','e22fada4a190fc310bc66d355233b207cd2bf7adc3d84b465be8e0692969f017');
INSERT INTO "audit_log" VALUES('group:BIG6',6,'2026-11-20 15:02:00.000032','worker','booked','EL-228D908CAB8A','{"command":"EL-228D908CAB8A:5:booked","content":{"change":{"actor":"worker","at":"2026-11-20T15:02:00.000031Z","average_price":"98.5","booked":{"A":"200000","B":"200000"},"broker_id":"1","broker_status":"Booked","closes_intent":null,"detail":"400,000 of 400,000 filled at 98.5","event":"booked","filled":"400000","message":null,"order_id":"EL-228D908CAB8A","state":"booked","version":5},"fence":1,"version":6}}','a56b85d725eec901fe97ef0993273460f3e9b6d10c4b5055b79fc0a6e26aca02','5e1f0911dcb3c21c492171698f6fe701f0c22f035c149ae6a75470d5ee0c26f3');
INSERT INTO "audit_log" VALUES('registry',8,'2026-11-20 15:02:00.000032','worker','entry','group:BIG6','{"seq":6,"sha256":"5e1f0911dcb3c21c492171698f6fe701f0c22f035c149ae6a75470d5ee0c26f3"}','e22fada4a190fc310bc66d355233b207cd2bf7adc3d84b465be8e0692969f017','d3ef95aad64816dcffd02fb7739543cf6d61b1a1cd876badebec6947809889e8');
INSERT INTO "audit_log" VALUES('group:BIG6',7,'2026-11-20 15:02:00.000040','pm','confirm','EL-0B091CE223CE','{"command":"c2","content":{"order":{"asset_id":"B","average_price":null,"broker_id":"","broker_status":"","comment":"second, never sent","created_at":"2026-11-20T15:02:00.000039Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":100000,"filled":"0","group":"BIG6","id":"EL-0B091CE223CE","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"0","face":50000},{"account_id":"B","booked":"0","face":50000}],"message":"","ordered":100000,"settlement":"2026-11-23","side":"BUY","state":"confirmed","statement_id":"EL-0B091CE223CE.1","statement_sha256":"993b430a90356fe696635f6bf89940b2d7099de7ba0405a9c44693a7bb505eb1","trade_date":"2026-11-20","updated_at":"2026-11-20T15:02:00.000039Z","version":1},"statement":{"id":"EL-0B091CE223CE.1","sha256":"993b430a90356fe696635f6bf89940b2d7099de7ba0405a9c44693a7bb505eb1","version":1}}}','5e1f0911dcb3c21c492171698f6fe701f0c22f035c149ae6a75470d5ee0c26f3','f5325d8270d8f6cd88d6527b7f67882e0274e4b5d65d7c12aa6e2e382fcd46cd');
INSERT INTO "audit_log" VALUES('registry',9,'2026-11-20 15:02:00.000040','pm','entry','group:BIG6','{"seq":7,"sha256":"f5325d8270d8f6cd88d6527b7f67882e0274e4b5d65d7c12aa6e2e382fcd46cd"}','d3ef95aad64816dcffd02fb7739543cf6d61b1a1cd876badebec6947809889e8','d50a9942bc44356f35c596fe362f30ad0c8d7de3cd0077774b5ffab25381a271');
CREATE TABLE commands (
	command_id VARCHAR NOT NULL, 
	stream VARCHAR NOT NULL, 
	written_at DATETIME NOT NULL, 
	content_sha256 VARCHAR NOT NULL, 
	result TEXT NOT NULL, 
	PRIMARY KEY (command_id)
);
INSERT INTO "commands" VALUES('stamp','registry','2026-11-20 15:00:00.000002','2955ca07307b4ee0b0d9b1bbcf96bb4176d8376b3457e0d0093aeb077677e62b','demo:7');
INSERT INTO "commands" VALUES('limits','limits','2026-11-20 15:00:00.000004','b34d3fbe88d7a170042559da8181da4b663b8f62f3b30db7a738b02c67114a5e','{"rows":[{"about":"","account_id":"*","bound":"1000","rule":"min_allocation"}],"version":1}');
INSERT INTO "commands" VALUES('c1','group:BIG6','2026-11-20 15:00:00.000010','1ddc7d2d430447a6d480f0fb525715db209d03e0e5f82675ccfd0b35aa45ac68','{"asset_id":"B","average_price":null,"broker_id":"","broker_status":"","comment":"first block","created_at":"2026-11-20T15:00:00.000009Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":400000,"filled":"0","group":"BIG6","id":"EL-228D908CAB8A","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"0","face":200000},{"account_id":"B","booked":"0","face":200000}],"message":"","ordered":400000,"settlement":"2026-11-23","side":"BUY","state":"confirmed","statement_id":"EL-228D908CAB8A.1","statement_sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","trade_date":"2026-11-20","updated_at":"2026-11-20T15:00:00.000009Z","version":1}');
INSERT INTO "commands" VALUES('EL-228D908CAB8A:1:send','group:BIG6','2026-11-20 15:00:30.000014','90d4acb109126a6784b3ac134d61393a517b161efc457fc767dbcdbfb6fa60ee','{"asset_id":"B","average_price":null,"broker_id":"","broker_status":"","comment":"first block","created_at":"2026-11-20T15:00:00.000009Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":400000,"filled":"0","group":"BIG6","id":"EL-228D908CAB8A","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"0","face":200000},{"account_id":"B","booked":"0","face":200000}],"message":"","ordered":400000,"settlement":"2026-11-23","side":"BUY","state":"sending","statement_id":"EL-228D908CAB8A.1","statement_sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","trade_date":"2026-11-20","updated_at":"2026-11-20T15:00:30.000013Z","version":2}');
INSERT INTO "commands" VALUES('EL-228D908CAB8A:2:opened','group:BIG6','2026-11-20 15:00:30.000016','b1ba0600c13d2e710b37dfce8e716e0ae3fbf17ea73389010771e65a924662fc','{"asset_id":"B","average_price":null,"broker_id":"1","broker_status":"Open","comment":"first block","created_at":"2026-11-20T15:00:00.000009Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":400000,"filled":"0","group":"BIG6","id":"EL-228D908CAB8A","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"0","face":200000},{"account_id":"B","booked":"0","face":200000}],"message":"","ordered":400000,"settlement":"2026-11-23","side":"BUY","state":"open","statement_id":"EL-228D908CAB8A.1","statement_sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","trade_date":"2026-11-20","updated_at":"2026-11-20T15:00:30.000015Z","version":3}');
INSERT INTO "commands" VALUES('EL-228D908CAB8A:3:active','group:BIG6','2026-11-20 15:01:00.000022','e0f3fcd009f7e87e42c1472ac18227e6f543375563445ff87f738757342af1ff','{"asset_id":"B","average_price":"98.5","broker_id":"1","broker_status":"Active","comment":"first block","created_at":"2026-11-20T15:00:00.000009Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":400000,"filled":"100000","group":"BIG6","id":"EL-228D908CAB8A","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"100000","face":200000},{"account_id":"B","booked":"0","face":200000}],"message":"","ordered":400000,"settlement":"2026-11-23","side":"BUY","state":"active","statement_id":"EL-228D908CAB8A.1","statement_sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","trade_date":"2026-11-20","updated_at":"2026-11-20T15:01:00.000021Z","version":4}');
INSERT INTO "commands" VALUES('EL-228D908CAB8A:4:filled','group:BIG6','2026-11-20 15:01:30.000027','2678cbc8b88988f906bec54d2b5a5e440d391488eb3c1af17208933bc72c83f7','{"asset_id":"B","average_price":"98.5","broker_id":"1","broker_status":"Active","comment":"first block","created_at":"2026-11-20T15:00:00.000009Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":400000,"filled":"200007","group":"BIG6","id":"EL-228D908CAB8A","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"150000","face":200000},{"account_id":"B","booked":"50000","face":200000},{"account_id":"Z","booked":"7","face":0}],"message":"","ordered":400000,"settlement":"2026-11-23","side":"BUY","state":"active","statement_id":"EL-228D908CAB8A.1","statement_sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","trade_date":"2026-11-20","updated_at":"2026-11-20T15:01:30.000026Z","version":5}');
INSERT INTO "commands" VALUES('EL-228D908CAB8A:5:booked','group:BIG6','2026-11-20 15:02:00.000032','6da1e5770f5eaa7df040a64be729f3a0fb01a486070dde91f8d817ebf3baebbb','{"asset_id":"B","average_price":"98.5","broker_id":"1","broker_status":"Booked","comment":"first block","created_at":"2026-11-20T15:00:00.000009Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":400000,"filled":"400000","group":"BIG6","id":"EL-228D908CAB8A","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"200000","face":200000},{"account_id":"B","booked":"200000","face":200000},{"account_id":"Z","booked":"7","face":0}],"message":"","ordered":400000,"settlement":"2026-11-23","side":"BUY","state":"booked","statement_id":"EL-228D908CAB8A.1","statement_sha256":"f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6","trade_date":"2026-11-20","updated_at":"2026-11-20T15:02:00.000031Z","version":6}');
INSERT INTO "commands" VALUES('c2','group:BIG6','2026-11-20 15:02:00.000040','1223a8ffe5d84018039df14f14fbcbf17a5af5b347f76eeb1d1d2e5b6f46f833','{"asset_id":"B","average_price":null,"broker_id":"","broker_status":"","comment":"second, never sent","created_at":"2026-11-20T15:02:00.000039Z","created_by":"pm","currency":"USD","engine":"pro_rata","face":100000,"filled":"0","group":"BIG6","id":"EL-0B091CE223CE","label":"A bond","limit":null,"lines":[{"account_id":"A","booked":"0","face":50000},{"account_id":"B","booked":"0","face":50000}],"message":"","ordered":100000,"settlement":"2026-11-23","side":"BUY","state":"confirmed","statement_id":"EL-0B091CE223CE.1","statement_sha256":"993b430a90356fe696635f6bf89940b2d7099de7ba0405a9c44693a7bb505eb1","trade_date":"2026-11-20","updated_at":"2026-11-20T15:02:00.000039Z","version":1}');
CREATE TABLE intents (
	id VARCHAR NOT NULL, 
	order_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	done BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "intents" VALUES('EL-228D908CAB8A:send','EL-228D908CAB8A','send','2026-11-20 15:00:00.000009',1);
INSERT INTO "intents" VALUES('EL-0B091CE223CE:send','EL-0B091CE223CE','send','2026-11-20 15:02:00.000039',0);
CREATE TABLE leases (
	name VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	fence BIGINT NOT NULL, 
	held_until DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('worker','',1,'2026-11-20 15:02:00.000034');
CREATE TABLE limit_rows (
	version BIGINT NOT NULL, 
	place BIGINT NOT NULL, 
	account_id VARCHAR NOT NULL, 
	rule VARCHAR NOT NULL, 
	about VARCHAR NOT NULL, 
	bound VARCHAR NOT NULL, 
	PRIMARY KEY (version, place), 
	FOREIGN KEY(version) REFERENCES limit_versions (version)
);
INSERT INTO "limit_rows" VALUES(1,0,'*','min_allocation','','1000');
CREATE TABLE limit_versions (
	version BIGINT NOT NULL, 
	written_at DATETIME NOT NULL, 
	actor VARCHAR NOT NULL, 
	remark VARCHAR NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "limit_versions" VALUES(1,'2026-11-20 15:00:00.000003','con','first');
CREATE TABLE order_events (
	order_id VARCHAR NOT NULL, 
	version BIGINT NOT NULL, 
	happened_at DATETIME NOT NULL, 
	actor VARCHAR NOT NULL, 
	event VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	PRIMARY KEY (order_id, version), 
	FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "order_events" VALUES('EL-228D908CAB8A',1,'2026-11-20 15:00:00.000009','pm','confirm','confirmed','');
INSERT INTO "order_events" VALUES('EL-228D908CAB8A',2,'2026-11-20 15:00:30.000013','worker','send','sending','');
INSERT INTO "order_events" VALUES('EL-228D908CAB8A',3,'2026-11-20 15:00:30.000015','worker','opened','open','Aladdin order 1: Open');
INSERT INTO "order_events" VALUES('EL-228D908CAB8A',4,'2026-11-20 15:01:00.000021','worker','active','active','100,000 of 400,000 filled at 98.5');
INSERT INTO "order_events" VALUES('EL-228D908CAB8A',5,'2026-11-20 15:01:30.000026','worker','filled','active','200,007 of 400,000 filled at 98.5');
INSERT INTO "order_events" VALUES('EL-228D908CAB8A',6,'2026-11-20 15:02:00.000031','worker','booked','booked','400,000 of 400,000 filled at 98.5');
INSERT INTO "order_events" VALUES('EL-0B091CE223CE',1,'2026-11-20 15:02:00.000039','pm','confirm','confirmed','');
CREATE TABLE order_lines (
	order_id VARCHAR NOT NULL, 
	account_id VARCHAR NOT NULL, 
	place BIGINT NOT NULL, 
	face BIGINT NOT NULL, 
	booked BIGINT NOT NULL, 
	PRIMARY KEY (order_id, account_id), 
	FOREIGN KEY(order_id) REFERENCES orders (id)
);
INSERT INTO "order_lines" VALUES('EL-228D908CAB8A','A',0,200000,200000000000);
INSERT INTO "order_lines" VALUES('EL-228D908CAB8A','B',1,200000,200000000000);
INSERT INTO "order_lines" VALUES('EL-228D908CAB8A','Z',2,0,7000000);
INSERT INTO "order_lines" VALUES('EL-0B091CE223CE','A',0,50000,0);
INSERT INTO "order_lines" VALUES('EL-0B091CE223CE','B',1,50000,0);
CREATE TABLE orders (
	id VARCHAR NOT NULL, 
	version BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	group_ticker VARCHAR NOT NULL, 
	asset_id VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	currency VARCHAR NOT NULL, 
	side VARCHAR NOT NULL, 
	ordered BIGINT NOT NULL, 
	face BIGINT NOT NULL, 
	settlement DATE NOT NULL, 
	trade_date DATE NOT NULL, 
	limit_price BIGINT, 
	engine VARCHAR NOT NULL, 
	statement_id VARCHAR NOT NULL, 
	statement_sha256 VARCHAR NOT NULL, 
	remark VARCHAR NOT NULL, 
	created_by VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	broker_id VARCHAR NOT NULL, 
	broker_status VARCHAR NOT NULL, 
	filled BIGINT NOT NULL, 
	average_price BIGINT, 
	message VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(statement_id) REFERENCES statements (id)
);
INSERT INTO "orders" VALUES('EL-228D908CAB8A',6,'booked','BIG6','B','A bond','USD','BUY',400000,400000,'2026-11-23','2026-11-20',NULL,'pro_rata','EL-228D908CAB8A.1','f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6','first block','pm','2026-11-20 15:00:00.000009','2026-11-20 15:02:00.000031','1','Booked',400000000000,98500000000000,'');
INSERT INTO "orders" VALUES('EL-0B091CE223CE',1,'confirmed','BIG6','B','A bond','USD','BUY',100000,100000,'2026-11-23','2026-11-20',NULL,'pro_rata','EL-0B091CE223CE.1','993b430a90356fe696635f6bf89940b2d7099de7ba0405a9c44693a7bb505eb1','second, never sent','pm','2026-11-20 15:02:00.000039','2026-11-20 15:02:00.000039','','',0,NULL,'');
CREATE TABLE sign_in_failures (
	id VARCHAR NOT NULL, 
	username VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	failed_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE sign_in_revocations (
	username VARCHAR NOT NULL, 
	not_before DATETIME NOT NULL, 
	PRIMARY KEY (username)
);
CREATE TABLE stamp (
	book_id VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (book_id)
);
INSERT INTO "stamp" VALUES('demo:7','2026-11-20 15:00:00.000001');
CREATE TABLE statements (
	id VARCHAR NOT NULL, 
	order_id VARCHAR NOT NULL, 
	version BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	created_by VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "statements" VALUES('EL-228D908CAB8A.1','EL-228D908CAB8A',1,'2026-11-20 15:00:00.000009','pm','{"accounts":[{"benchmark":null,"cash":"5000000","currency":"USD","exposures":{"asd":{"coverage":1.0,"reason":"","value":5.0},"dts":{"coverage":1.0,"reason":"","value":5.0},"duration":{"coverage":1.0,"reason":"","value":5.0},"oas":{"coverage":1.0,"reason":"","value":5.0},"spread_duration":{"coverage":1.0,"reason":"","value":5.0}},"fx":{},"held":"0","holdings":0,"id":"A","market_value":"0","name":"A fund","nav":"100000000"},{"benchmark":null,"cash":"5000000","currency":"USD","exposures":{"asd":{"coverage":1.0,"reason":"","value":5.0},"dts":{"coverage":1.0,"reason":"","value":5.0},"duration":{"coverage":1.0,"reason":"","value":5.0},"oas":{"coverage":1.0,"reason":"","value":5.0},"spread_duration":{"coverage":1.0,"reason":"","value":5.0}},"fx":{},"held":"0","holdings":0,"id":"B","market_value":"0","name":"B fund","nav":"100000000"}],"basis":"dirty","block":{"bond":{"accrued":"0","asset_id":"B","country":"","coupon":null,"coupon_frequency":null,"currency":"USD","cusip":"","description":"A bond","factor":"1","increment":1000,"is_144a":false,"isin":"","issuer":"","issuer_id":"","maturity":null,"measures":{"duration":4.1,"oas":95.0,"spread_duration":3.8},"measures_date":"2026-11-20","min_piece":1000,"price":"98.5","price_date":"2026-11-20","rating":"","sector":"","sedol":"","ticker":""},"face":400000,"limit":null,"mark":"98.5","market_buffer":"0","settlement":"2026-11-23","side":"BUY","trade_price":"98.5"},"book":{"as_of":"2026-11-20","currency":"USD","groups":["BIG6","OPNIC"],"id":"demo:7","kind":"demo","name":"demo book"},"certificate":null,"choices":{"engine":"pro_rata","excluded":[],"locked":{},"metric":"asd","min_allocation":0,"minimum_coverage":0.95,"parameters":{"by":"nav","order_sizes":{}},"respect_cash":true,"round_to_denomination":true,"tolerance":null},"confirmed":{"at":"2026-11-20T15:00:00.000009Z","by":"pm","comment":"first block","override":""},"effect":{"after":{"A":5.007486,"B":5.007486},"before":{"A":5.0,"B":5.0},"dispersion_after":0.0,"dispersion_before":0.0,"excluded":{},"mean_after":5.007486,"metric":"asd","targets":{},"tolerance":0.05},"failed":"","format":2,"group":"BIG6","limits":{"rows":[{"account_id":"*","of":"","rule":"min_allocation","value":"1000"}],"version":1},"lines":[{"account_id":"A","asked":null,"cap":{"account_id":"A","face":400000,"reason":"the whole order","rule":"order"},"cash_after":"4803000","cash_before":"5000000","face":200000,"money":"197000","part":"","reason":"50.00% of the group''s NAV, in whole lots.","wish":"200000"},{"account_id":"B","asked":null,"cap":{"account_id":"B","face":400000,"reason":"the whole order","rule":"order"},"cash_after":"4803000","cash_before":"5000000","face":200000,"money":"197000","part":"","reason":"50.00% of the group''s NAV, in whole lots.","wish":"200000"}],"order":"EL-228D908CAB8A","read_at":"2026-11-20T15:00:00.000007Z","statement":"EL-228D908CAB8A.1","tried":["pro_rata"],"unallocated":[],"version":1,"versions":{"engines":"2","numpy":"2.4.6","scipy":"1.17.1"},"warnings":[]}','f957060761605ebf40c6c498e7653eefb886833b832d6ce0de7c2208a1ca57f6');
INSERT INTO "statements" VALUES('EL-0B091CE223CE.1','EL-0B091CE223CE',1,'2026-11-20 15:02:00.000039','pm','{"accounts":[{"benchmark":null,"cash":"5000000","currency":"USD","exposures":{"asd":{"coverage":1.0,"reason":"","value":5.0},"dts":{"coverage":1.0,"reason":"","value":5.0},"duration":{"coverage":1.0,"reason":"","value":5.0},"oas":{"coverage":1.0,"reason":"","value":5.0},"spread_duration":{"coverage":1.0,"reason":"","value":5.0}},"fx":{},"held":"0","holdings":0,"id":"A","market_value":"0","name":"A fund","nav":"100000000"},{"benchmark":null,"cash":"5000000","currency":"USD","exposures":{"asd":{"coverage":1.0,"reason":"","value":5.0},"dts":{"coverage":1.0,"reason":"","value":5.0},"duration":{"coverage":1.0,"reason":"","value":5.0},"oas":{"coverage":1.0,"reason":"","value":5.0},"spread_duration":{"coverage":1.0,"reason":"","value":5.0}},"fx":{},"held":"0","holdings":0,"id":"B","market_value":"0","name":"B fund","nav":"100000000"}],"basis":"dirty","block":{"bond":{"accrued":"0","asset_id":"B","country":"","coupon":null,"coupon_frequency":null,"currency":"USD","cusip":"","description":"A bond","factor":"1","increment":1000,"is_144a":false,"isin":"","issuer":"","issuer_id":"","maturity":null,"measures":{"duration":4.1,"oas":95.0,"spread_duration":3.8},"measures_date":"2026-11-20","min_piece":1000,"price":"98.5","price_date":"2026-11-20","rating":"","sector":"","sedol":"","ticker":""},"face":100000,"limit":null,"mark":"98.5","market_buffer":"0","settlement":"2026-11-23","side":"BUY","trade_price":"98.5"},"book":{"as_of":"2026-11-20","currency":"USD","groups":["BIG6","OPNIC"],"id":"demo:7","kind":"demo","name":"demo book"},"certificate":null,"choices":{"engine":"pro_rata","excluded":[],"locked":{},"metric":"asd","min_allocation":0,"minimum_coverage":0.95,"parameters":{"by":"nav","order_sizes":{}},"respect_cash":true,"round_to_denomination":true,"tolerance":null},"confirmed":{"at":"2026-11-20T15:02:00.000039Z","by":"pm","comment":"second, never sent","override":""},"effect":{"after":{"A":5.0018715,"B":5.0018715},"before":{"A":5.0,"B":5.0},"dispersion_after":0.0,"dispersion_before":0.0,"excluded":{},"mean_after":5.0018715,"metric":"asd","targets":{},"tolerance":0.05},"failed":"","format":2,"group":"BIG6","limits":{"rows":[{"account_id":"*","of":"","rule":"min_allocation","value":"1000"}],"version":1},"lines":[{"account_id":"A","asked":null,"cap":{"account_id":"A","face":100000,"reason":"the whole order","rule":"order"},"cash_after":"4950750","cash_before":"5000000","face":50000,"money":"49250","part":"","reason":"50.00% of the group''s NAV, in whole lots.","wish":"50000"},{"account_id":"B","asked":null,"cap":{"account_id":"B","face":100000,"reason":"the whole order","rule":"order"},"cash_after":"4950750","cash_before":"5000000","face":50000,"money":"49250","part":"","reason":"50.00% of the group''s NAV, in whole lots.","wish":"50000"}],"order":"EL-0B091CE223CE","read_at":"2026-11-20T15:02:00.000037Z","statement":"EL-0B091CE223CE.1","tried":["pro_rata"],"unallocated":[],"version":1,"versions":{"engines":"2","numpy":"2.4.6","scipy":"1.17.1"},"warnings":[]}','993b430a90356fe696635f6bf89940b2d7099de7ba0405a9c44693a7bb505eb1');
CREATE TABLE streams (
	stream VARCHAR NOT NULL, 
	seq BIGINT NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	PRIMARY KEY (stream)
);
INSERT INTO "streams" VALUES('registry',9,'d50a9942bc44356f35c596fe362f30ad0c8d7de3cd0077774b5ffab25381a271');
INSERT INTO "streams" VALUES('limits',1,'6d1bfe6571d2e480d35ea108ac262837fa023e123b963640dbdc181f48381734');
INSERT INTO "streams" VALUES('group:BIG6',7,'f5325d8270d8f6cd88d6527b7f67882e0274e4b5d65d7c12aa6e2e382fcd46cd');
CREATE INDEX ix_statements_order ON statements (order_id, version);
CREATE INDEX ix_orders_created ON orders (created_at);
CREATE INDEX ix_audit_log_written ON audit_log (written_at);
CREATE INDEX ix_intents_done ON intents (done);
CREATE INDEX ix_sign_in_failures ON sign_in_failures (username, address);
COMMIT;
