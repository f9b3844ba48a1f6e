#!/usr/bin/env bash
# A lock must pin by hash and never name the registry its author used: someone else's may be elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

if grep -rnE '"resolved"|index-url|find-links|trusted-host|https?://[^ "]*(registry|mirror|/simple/)' \
  package-lock.json package.json .npmrc requirements pyproject.toml .pre-commit-config.yaml Makefile; then
  echo "a registry address, or an option that holds one, must not be committed" >&2
  exit 1
fi
for lock in requirements/*.txt; do
  # Every requirement line continues onto its hashes.
  if grep -nE '^[A-Za-z0-9]' "$lock" | grep -vE '\\$'; then
    echo "$lock: not pinned by hash, run make lock" >&2
    exit 1
  fi
done
