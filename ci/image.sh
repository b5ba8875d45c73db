#!/bin/sh
# Builds an image with shipwheel and pushes it, with a cache in the registry. It needs Python and no privileges.
#
# The action and the component beside it set these variables; only FOLDER has to have a value:
#   FOLDER             the application's folder
#   IMAGE              the reference to push to; empty: the image is built and not pushed
#   PLATFORMS          such as amd64,arm64; empty: those of image.toml
#   CACHE              a repository that lends and keeps layers; empty: none
#   WRITE_CACHE        "true" where this build may write to the cache
#   REGISTRY_USER      the user for the registry; empty: the logins of Docker's config.json
#   REGISTRY_PASSWORD  the password; no file and no list of processes has it
#   VERSION            the version to install where shipwheel is not on PATH; empty: the newest
#   FLAGS              further flags of `shipwheel image`, separated by spaces
set -eu

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
if ! command -v shipwheel >/dev/null; then
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check "shipwheel${VERSION:+==$VERSION}"
    PATH=$tools/venv/bin:$PATH
fi

set -f # FLAGS are words, not patterns of files
# shellcheck disable=SC2086
set -- image "$FOLDER" ${PLATFORMS:+--platforms "$PLATFORMS"} ${CACHE:+--cache-from "$CACHE"} ${FLAGS:-}
if [ -n "${IMAGE:-}" ]; then
    set -- "$@" --push "$IMAGE"
    if [ -n "${CACHE:-}" ] && [ "${WRITE_CACHE:-}" = true ]; then
        set -- "$@" --cache-to "$CACHE"
    fi
fi
if [ -n "${REGISTRY_USER:-}" ]; then
    reference=$(printf '%s\n' "$REGISTRY_PASSWORD" | shipwheel "$@" --username "$REGISTRY_USER" --password-stdin)
else
    reference=$(shipwheel "$@")
fi

echo "$reference"
if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf 'image=%s\ndigest=%s\n' "$reference" "${reference##*@}" >> "$GITHUB_OUTPUT"
fi
if [ -n "${GITLAB_CI:-}" ]; then
    printf 'IMAGE=%s\nIMAGE_DIGEST=%s\n' "$reference" "${reference##*@}" > shipwheel.env
fi
