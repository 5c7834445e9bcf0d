#!/bin/sh
# RUNTIME=docker of the Makefile: the stages in containers, by Compose v2 or docker-compose 1.29. Errors are one sentence.
#
#   docker/compose.sh build                      the images, where they are not up to date
#   docker/compose.sh stage SERVICE MODULE ARG…  python -m MODULE ARG… in a new container of SERVICE
#   docker/compose.sh logs | down | clean | fetch
#
# Environment: COMPOSE_FILE (which stack), COMPOSE_PROFILES (embedded or ollama: who serves; empty: Ollama where its image
# is here or can be pulled), PUBLISH (address of the server on this machine), CONFIG, DATA, RUN, and ask's IN, OUT, HTML.
set -eu
cd "$(dirname "$0")/.."
wanted=${COMPOSE_PROFILES:-}
export COMPOSE_PROFILES=embedded # so that `logs` and `down` know all services
export COMPOSE_FILE="${COMPOSE_FILE:-docker-compose.cpu.yml}"
export PUBLISH="${PUBLISH:-127.0.0.1:11434}"
export OLLAMA_IMAGE="${OLLAMA_IMAGE:-ollama/ollama:0.33.0}"

fail() {
  echo "error: $*" >&2
  exit 1
}

find_engine() {
  command -v docker >/dev/null || fail "there is no \`docker\` here: install Docker Engine, or run with RUNTIME=local"
  docker info >/dev/null 2>&1 ||
    fail "no Docker Engine answers at ${DOCKER_HOST:-/var/run/docker.sock}: start it (or get the right to use it), or run with RUNTIME=local"
  if docker compose version >/dev/null 2>&1; then
    compose="docker compose"
  elif command -v docker-compose >/dev/null; then
    compose=docker-compose
  else
    fail "this Docker has no Compose: install its plugin docker-compose-plugin, or run with RUNTIME=local"
  fi
  case $COMPOSE_FILE in
  docker-compose.yml) find_gpu ;;
  esac
}

find_gpu() {
  # a runtime of its own, or (CDI) a device that Docker found
  docker info --format '{{json .}}' | grep -qE '"nvidia"|nvidia\.com/gpu' || command -v nvidia-container-runtime-hook >/dev/null ||
    fail "${CONFIG:-docker-compose.yml} asks for an NVIDIA GPU and this Docker Engine cannot hand one out: install the NVIDIA Container Toolkit (then \`nvidia-ctk runtime configure --runtime=docker\` and restart Docker), or take CONFIG=configs/embedded.yaml, which needs none, or run with RUNTIME=local"
}

build() {
  # shellcheck disable=SC2046
  if docker image inspect $($compose config | sed -n 's/^ *image: *\(fieldsift-[^ ]*\)$/\1/p') >/dev/null 2>&1; then
    echo "setup: the images, made again where something changed"
    $compose build --quiet trainer create eval >/dev/null 2>&1 && return
  else
    echo "setup: building the images; the first time this takes minutes"
    case $COMPOSE_FILE${TORCH_INDEX:-}${PIP_EXTRA_INDEX_URL:-} in
    docker-compose.cpu.yml) echo "setup: TORCH_INDEX=… (PyTorch's index of CPU wheels) would save 4 GB of torch's build for CUDA" ;;
    esac
  fi
  $compose build trainer create eval || fail "the images could not be built, see above; what was built is kept"
}

is_running() {
  [ -n "$($compose ps -q "$1" 2>/dev/null)" ] &&
    [ "$(docker inspect --format '{{.State.Running}}' "$($compose ps -q "$1")")" = true ]
}

has_ollama() {
  docker image inspect "$OLLAMA_IMAGE" >/dev/null 2>&1 && return
  echo "serve: pulling $OLLAMA_IMAGE; the first time this takes minutes"
  docker pull --quiet "$OLLAMA_IMAGE" >/dev/null 2>&1
}

choose_server() {
  case $wanted in
  *embedded*) server=embedded ;;
  *ollama*) has_ollama || fail "$OLLAMA_IMAGE is not here and cannot be pulled: COMPOSE_PROFILES=embedded serves without it"
    server=ollama ;;
  *) if is_running embedded; then server=embedded
    elif is_running ollama || has_ollama; then server=ollama
    else
      echo "serve: $OLLAMA_IMAGE is not here and cannot be pulled, so the embedded engine serves"
      server=embedded
    fi ;;
  esac
  case $server in embedded) other=ollama ;; *) other=embedded ;; esac
}

start_server() {
  choose_server
  if is_running $other; then $compose rm --stop --force $other >/dev/null 2>&1; fi
  output=$($compose up --detach --no-deps $server 2>&1) || explain "$output"
  id=$($compose ps -q $server)
  for _ in $(seq 90); do
    if [ "$(docker inspect --format '{{.State.Health.Status}}' "$id")" = healthy ]; then return; fi
    sleep 1
  done
  fail "$server does not answer after 90 s; its log ends with: $(docker logs --tail 1 "$id" 2>&1)"
}

explain() {
  $compose rm --stop --force $server >/dev/null 2>&1 || : # what was made but not started
  port=${PUBLISH##*:}
  case $1 in
  *"already allocated"* | *"already in use"*)
    owner=$(docker ps --filter "publish=$port" --format 'the container {{.Names}}')
    fail "port $port is taken by ${owner:-another program}: stop it or set PUBLISH=127.0.0.1:$((port + 1))" ;;
  *"could not select device driver"*) fail "Docker cannot hand out the GPU: install the NVIDIA Container Toolkit, or take CONFIG=configs/embedded.yaml" ;;
  *) fail "$server could not be started: $(echo "$1" | tail -n 1)" ;;
  esac
}

# What Docker's -v takes for a file or folder of the user's, by default below /app, where relative names begin.
mount() {
  case $1 in *:*) fail "$1 has a colon in its name, which Docker cannot mount: rename it" ;; esac
  case $1 in /*) inside=$1 ;; *) inside=/app/$1 ;; esac
  outside=$(realpath -- "$1") || fail "there is no $1: make it first"
  printf '%s:%s\n' "$outside" "${2:-$inside:ro}"
}

stage() {
  service=$1 module=$2
  shift 2
  export COMMIT="${COMMIT:-$(git describe --always --dirty --abbrev=40 '--exclude=*' 2>/dev/null)}"
  case $module in
  serve.create) start_server ;;
  serve.ask | serve.extract)
    # the answers are written as the user who asks, behind sudo too: a root without capabilities could not
    if [ -n "${OUT:-}" ]; then set -- "$@" --out="/host/$(basename -- "$OUT")"; fi
    set -- --user "${SUDO_UID:-$(id -u)}:${SUDO_GID:-$(id -g)}" "$service" python -m "$module" "$@"
    if [ -n "${OUT:-}" ]; then
      volume=$(mount "$(dirname -- "$OUT")" /host)
      set -- -v "$volume" "$@"
    fi
    for file in "${IN:-}" "${HTML:-}"; do
      if [ -e "$file" ]; then
        volume=$(mount "$file")
        set -- -v "$volume" "$@"
      fi
    done ;;
  esac
  case $module in serve.ask | serve.extract) ;; *) set -- "$service" python -m "$module" "$@" ;; esac
  for file in "${CONFIG:-}" "${DATA:-}"; do
    if [ -f "$file" ]; then
      volume=$(mount "$file")
      set -- -v "$volume" "$@"
    fi
  done
  status=0
  if [ -t 0 ] && [ -t 1 ]; then
    $compose run --rm --no-deps "$@" || status=$?
  else
    run_without_terminal "$@"
  fi
  if [ $status = 137 ]; then
    echo "error: the container of $service was killed: run the same command again, with more memory if it had reached its limit ($(echo "$service" | tr '[:lower:]' '[:upper:]')_MEMORY)" >&2
  elif [ $status = 0 ] && [ "$module" = serve.create ]; then
    echo "serve: on this machine at http://$PUBLISH"
  fi
  exit $status
}

# Ctrl-C goes to the container once: Compose and Docker's client would each pass it on, and the second one ends training
# without its checkpoint.
run_without_terminal() {
  name=fieldsift-stage-$$
  trap 'docker kill --signal INT $name >/dev/null 2>&1 || :' INT TERM
  # shellcheck disable=SC2086
  setsid $compose run --rm --no-deps -T --name $name "$@" </dev/null &
  while status=0 && { wait $! || status=$?; } && kill -0 $! 2>/dev/null; do :; done
  trap - INT TERM
}

logs() {
  id=$($compose ps -aq embedded ollama 2>/dev/null | head -n 1)
  if [ -z "$id" ]; then fail "there is no server: \`make serve\` starts one"; fi
  docker logs --tail 200 "$id"
}

down() {
  output=$($compose down --remove-orphans 2>&1) || fail "the containers could not be removed: $(echo "$output" | tail -n 1)"
  echo "serve: stopped; no container is left, the volumes stay"
}

# Removes what the stages wrote, and the server's models; the downloaded base models stay.
clean() {
  project=${COMPOSE_PROJECT_NAME:-$(basename "$PWD" | tr '[:upper:]' '[:lower:]' | tr -cd '_a-z0-9-')}
  for volume in artifacts ollama embedded; do
    docker volume ls -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.volume=$volume"
  done | xargs -r docker volume rm
}

# Copies a run from the volume to artifacts/<run>.docker, a name that no run of the local runtime has.
fetch() {
  target=artifacts/$RUN.docker
  rm -rf "$target.tmp"
  mkdir -p "$target.tmp"
  $compose run --rm --no-deps -T trainer tar -C "artifacts/$RUN" -c . </dev/null | tar -x -C "$target.tmp" --no-same-owner ||
    fail "the volume has no run $RUN: give another RUN="
  rm -rf "$target"
  mv "$target.tmp" "$target"
  echo "fetch: $target"
}

find_engine
case "${1:-}" in
build) build ;;
stage) shift && stage "$@" ;;
logs) logs ;;
down) down ;;
clean) clean ;;
fetch) fetch ;;
*) fail "usage: docker/compose.sh build | stage SERVICE MODULE ARG… | logs | down | clean | fetch" ;;
esac
