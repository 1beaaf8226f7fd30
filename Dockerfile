# The web image: the packages of locks/web.txt, each of which must have a hash from there; no torch, no
# development tools.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY locks locks
COPY app app
COPY training training
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r locks/web.txt \
 && /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm
RUN useradd --create-home --uid 10001 honeyglass && install -d -o honeyglass /data
WORKDIR /srv/honeyglass
COPY --from=build /venv /venv
# Run from the source tree, where templates, migrations and the demo lie beside the code.
COPY alembic.ini ./
COPY app app
COPY templates templates
COPY static static
COPY migrations migrations
COPY demo demo
ENV PATH=/venv/bin:$PATH PYTHONPATH=/srv/honeyglass PYTHONUNBUFFERED=1 HONEYGLASS_HOME=/data HONEYGLASS_HOST=0.0.0.0 \
    MPLCONFIGDIR=/tmp/matplotlib
USER honeyglass
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["honeyglass", "ready"]
CMD ["sh", "-c", "honeyglass migrate --new && exec honeyglass serve --behind-proxy"]
