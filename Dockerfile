# Evenlot on its demo book:
#   docker build -t evenlot .
#   docker run --rm --read-only --tmpfs /tmp -p 8501:8501 -v evenlot-data:/data evenlot
# With its worker apart: compose.yaml. Nothing is written but /data, and /tmp, where Streamlit keeps what is brought in.
FROM python:3.11-slim AS packages
COPY requirements.txt .
# No pip in what runs, no tests of the packages, and nothing of theirs for notebooks: a fifth of their size.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir -r requirements.txt \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf /opt/venv/share /opt/venv/lib/python3.11/site-packages/pydeck/nbextension

FROM packages AS program
WORKDIR /app
COPY . .
# Compiled here, as nothing can be written beside it later.
RUN /opt/venv/bin/python -m compileall -q .

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin evenlot \
    && install -d -o evenlot -g evenlot -m 0700 /data
COPY --from=packages /opt/venv /opt/venv
COPY --from=program /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp DATA_DIR=/data
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/health/ready', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
