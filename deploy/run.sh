#!/usr/bin/env bash
# What `make run` does after setting up: a development site on this machine, from an empty clone.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" FLASK_APP=wsgi.py
export GROUPBUY_ENV="${GROUPBUY_ENV:-development}" # here config.py may make its own SECRET_KEY, kept in instance/
PORT="${PORT:-8000}"
export SITE_URL="${SITE_URL:-http://127.0.0.1:$PORT}"

flask db upgrade
flask demo load || [ $? -eq 2 ] # says who can sign in; refuses, rightly, where real people are

echo
echo "  The site is starting at http://127.0.0.1:$PORT: open one of the addresses above. Ctrl-C stops it."
echo
# exec: signals reach honcho itself, which ends both processes. It gives web the first port.
exec honcho start --port "$PORT"
