"""Column types that keep money, faces and times exact on every store."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal

from sqlalchemy import BigInteger, DateTime, Dialect, Numeric
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from orders.errors import Rejected

_BIGGEST = 2**63  # both stores keep to 64 bits, so that a ledger can move from one to the other
_WIDE = Context(prec=60)  # the default of 28 digits is too few to be sure that shifting a point never rounds


class Unstorable(Rejected, DontWrapMixin):
    """A value its column cannot hold exactly. SQLAlchemy passes it on as it is."""


class Exact(TypeDecorator[Decimal]):
    """Decimal with at most `scale` decimals, kept as an integer of 10**-scale units on SQLite, so that SUM is exact
    there, and as NUMBER(38, scale) on Snowflake, to which it travels as text: a driver's own form of a decimal may have
    an exponent. Binds Decimal or int; raises `Unstorable` where a value has more
    decimals than the scale or does not fit 64 bits, naming `name`, the column."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, scale: int, name: str) -> None:
        super().__init__()
        self.scale = scale
        self.name = name

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Decimal] | TypeEngine[int]:
        if dialect.name == "snowflake":
            return dialect.type_descriptor(Numeric(38, self.scale))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> str | int | None:
        if value is None:
            return None
        scaled = self._scaled(value)
        return f"{_WIDE.scaleb(Decimal(scaled), -self.scale):f}" if dialect.name == "snowflake" else scaled

    def process_result_value(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        if not isinstance(value, int):
            raise Unstorable(f"The ledger's column {self.name} holds {value!r}, which is not an exact number.")
        if dialect.name == "snowflake":
            return Decimal(value)
        return _WIDE.scaleb(Decimal(value), -self.scale)

    def _scaled(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            raise Unstorable(f"{self.name} takes exact numbers only, not {value!r}.")
        if not Decimal(value).is_finite():
            raise Unstorable(f"{self.name} cannot be {value}: a finite number is needed.")
        numerator, denominator = value.as_integer_ratio()
        scaled: int = numerator * 10**self.scale // denominator
        if scaled * denominator != numerator * 10**self.scale:
            raise Unstorable(f"{self.name} keeps {self.scale} decimals, and {value} has more: round it first.")
        if not -_BIGGEST <= scaled < _BIGGEST:
            raise Unstorable(f"{self.name} cannot hold {value}: with {self.scale} decimals it does not fit 64 bits.")
        return scaled


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetime in the model, naive UTC timestamp in the store. A naive datetime raises `Unstorable`."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise Unstorable(f"The time {value} has no time zone, so the ledger cannot tell which moment it is.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)
