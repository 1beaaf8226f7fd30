# The web image: pinned packages of pyproject.toml's plain dependencies, no torch, no development tools.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY app app
COPY training training
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir -c constraints.txt setuptools \
 && /venv/bin/pip install --no-cache-dir -c constraints.txt --no-build-isolation .

FROM python:3.11-slim-bookworm
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
ENV PATH=/venv/bin:$PATH PYTHONPATH=/srv/honeyglass PYTHONUNBUFFERED=1 HONEYGLASS_HOME=/data HONEYGLASS_HOST=0.0.0.0
USER honeyglass
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["honeyglass", "ready"]
CMD ["sh", "-c", "honeyglass migrate --new && exec honeyglass serve"]
