#!/usr/bin/env bash
# schemathesis against a really running server on the embedded default, signed in, limits off.
# Arguments go to schemathesis: make prove-schema ARGS="--max-examples 100 --seed 7"
set -euo pipefail
cd "$(dirname "$0")/../.."

PORT=${PORT:-8790}
DATA_DIR=$(mktemp -d)
export PORT DATA_DIR ENV_FILE=/dev/null LOG_LEVEL=WARNING
export LIMIT_GENERAL=off LIMIT_USER=off LIMIT_AUTH=off LIMIT_AUTH_ADDRESS=off LIMIT_SOCKET=off
export FUZZ_URL=http://localhost:$PORT FUZZ_PASSWORD=caravan-at-dawn-26

.venv/bin/python manage.py serve --port "$PORT" > "$DATA_DIR/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$DATA_DIR"' EXIT
for _ in $(seq 300); do
    curl -sf "$FUZZ_URL/api/health/ready" > /dev/null && break
    kill -0 $server || { cat "$DATA_DIR/server.log"; exit 1; }
    sleep 0.2
done

status=0
SCHEMATHESIS_HOOKS=tests.proofs.fuzz_auth PYTHONPATH=. .venv/bin/schemathesis --config-file tests/proofs/schemathesis.toml \
    run "$FUZZ_URL/api/schema" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,negative_data_rejection,missing_required_header,unsupported_method,ignored_auth \
    --max-examples 30 --seed 20261121 --continue-on-failure --generation-database none "$@" || status=$?
if [ $status -ne 0 ]; then
    grep -v '"level": "info"' "$DATA_DIR/server.log" | tail -n 40
fi
exit $status
