# One image for every service and every run: what a container does, its command says.
FROM python:3.13-slim-bookworm AS build

WORKDIR /app
RUN python -m venv .venv
COPY constraints-kubernetes.txt ./
RUN .venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r constraints-kubernetes.txt
COPY pyproject.toml README.md dagster.yaml workspace.yaml ./
COPY analytics_pipeline analytics_pipeline
COPY assets assets
COPY resources resources
COPY sensors sensors
# Editable: workspace.yaml and dagster.yaml are looked for beside the packages.
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .

FROM python:3.13-slim-bookworm

RUN useradd --uid 10001 --no-create-home analytics \
    && install -d -o analytics /data /data/dagster /data/scratch
COPY --from=build /app /app
COPY dagster.yaml /data/dagster/dagster.yaml
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONWARNINGS="ignore:Parameter \`backfill_policy\`" \
    ANALYTICS_HOME=/data \
    ANALYTICS_BIND=0.0.0.0 \
    DAGSTER_HOME=/data/dagster \
    DAGSTER_EVENT_BATCH_SIZE=500
USER 10001
ENTRYPOINT []
CMD ["analytics", "--help"]
