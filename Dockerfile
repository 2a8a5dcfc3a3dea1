# One image for every part; docker-compose.yml says which part a container is. BuildKit builds it, for `--chmod`: else the
# files would keep the modes of whoever checked them out, and with a umask of 077 their user here could not read them.
FROM python:3.12-slim

ENV PATH=/opt/relance/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin relance

COPY requirements-runtime.lock /tmp/
RUN python -m venv /opt/relance \
    && pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements-runtime.lock

COPY --chmod=755 . /app
WORKDIR /app
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .

USER relance
EXPOSE 8080
CMD ["relance", "web", "--host", "0.0.0.0", "--port", "8080"]
