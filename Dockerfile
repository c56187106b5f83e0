# docker build -t aks-kms . In production, pin the base by its digest: FROM python:3.13-slim@sha256:…
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/aks-kms && /opt/aks-kms/bin/pip install --no-cache-dir -c requirements.lock .
FROM python:3.13-slim
COPY --from=build /opt/aks-kms /opt/aks-kms
ENV PATH=/opt/aks-kms/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["aks-kms"]
