# The commands of Headrace. `./just` runs them without anything installed; with uv and just on PATH, `just` does the same.

set positional-arguments

# Inside `uv run` the environment is active already; otherwise each recipe enters it.

uv_run := if env("VIRTUAL_ENV", "") == justfile_directory() / ".venv" { "" } else { "uv run --project " + quote(justfile_directory()) }

# Lists the commands.
[private]
default:
    @just --list --unsorted

# Starts everything (-d: returns when ready; --fresh, --port-offset N, --data-dir DIR, --replicas gateway=2, --no-prometheus).
[no-cd]
[no-exit-message]
up *ARGS:
    @exec {{ uv_run }} local-stack up "$@"

# Drains and stops everything (--data-dir DIR).
[no-cd]
[no-exit-message]
down *ARGS:
    @exec {{ uv_run }} local-stack down "$@"

# Restarts processes one at a time; with several replicas no request fails (NAME..., --data-dir DIR).
[no-cd]
[no-exit-message]
restart *ARGS:
    @exec {{ uv_run }} local-stack restart "$@"

# Shows each process with its address, readiness and memory (--json, --data-dir DIR).
[no-cd]
[no-exit-message]
status *ARGS:
    @exec {{ uv_run }} local-stack status "$@"

# Shows the logs (NAME, -f: follows them, -n N, --data-dir DIR).
[no-cd]
[no-exit-message]
logs *ARGS:
    @exec {{ uv_run }} local-stack logs "$@"

# Runs a command of a service with the stack's settings, such as `run user-svc create-admin --email E --name N`.
[no-cd]
[no-exit-message]
run *ARGS:
    @exec {{ uv_run }} local-stack run "$@"

# Starts the platform in containers (ARGS go to `docker compose up`).
up-compose *ARGS:
    @{{ uv_run }} python infra/compose/make_secrets.py
    HEADRACE_COMMIT=$(git rev-parse --short HEAD 2>/dev/null || true) docker compose --file infra/compose/compose.yaml up --build --detach --wait "$@"

# Stops and removes the containers (--volumes: their data too).
down-compose *ARGS:
    docker compose --file infra/compose/compose.yaml down "$@"

# Formats protos/, and generates code and descriptor set from them, Grafana's dashboards and docs/settings.md.
[no-exit-message]
gen:
    {{ uv_run }} python packages/shared-contracts/generate.py
    {{ uv_run }} python infra/observability/grafana/generate.py
    {{ uv_run }} python infra/checks/settings_page.py

# Formats code and protos.
fmt:
    {{ uv_run }} ruff format
    {{ uv_run }} ruff check --fix
    {{ uv_run }} buf format --write protos

# Checks style, types, contract, imports, prose, generated files and dependencies: everything but the tests.
check:
    {{ uv_run }} ruff check
    {{ uv_run }} ruff format --check
    {{ uv_run }} buf lint protos
    {{ uv_run }} buf format --diff --exit-code protos
    {{ uv_run }} mypy packages/*/src infra/local/src infra/local/run_in_debugger.py infra/checks infra/compose infra/observability/grafana tests benchmarks
    {{ uv_run }} lint-imports
    {{ uv_run }} python infra/checks/words.py --names
    {{ uv_run }} python infra/observability/grafana/generate.py --check
    {{ uv_run }} python infra/checks/settings_page.py --check
    for package in packages/* infra/local; do echo "deptry $package"; (cd "$package" && {{ uv_run }} deptry src) || exit 1; done

# Lists words that the prose of this repository avoids (PATH...: only there; --count: how many in each folder; --names: of functions, too).
[no-exit-message]
words *ARGS:
    @{{ uv_run }} python infra/checks/words.py "$@"

# Runs the tests, in parallel (ARGS go to pytest, such as a path or -k NAME).
[no-exit-message]
test *ARGS:
    @{{ uv_run }} pytest --numprocesses=logical --maxprocesses=4 --dist=worksteal "$@"

# Runs the unit tests with few generated examples, without simulations and profiles: at most 45 s on two cores.
[no-exit-message]
test-fast *ARGS:
    @{{ uv_run }} pytest --numprocesses=logical --maxprocesses=4 --dist=worksteal --hypothesis-profile=fast --ignore-glob='*simulation*' --ignore-glob='*/profiling/*' -q tests/unit "$@"

# Runs the unit tests: they need no server.
[no-exit-message]
test-unit *ARGS:
    @{{ uv_run }} pytest tests/unit "$@"

# Runs the end-to-end tests against the platform in containers (needs root, or a running Docker engine).
[no-exit-message]
test-compose *ARGS:
    @uv run --project {{ quote(justfile_directory()) }} --group compose pytest --timeout=900 --platform=compose tests/compose tests/e2e "$@"

# Runs third-party test suites and clients against the platform (ARGS go to pytest; some are built with Go first).
[no-exit-message]
test-conformance *ARGS:
    @{{ uv_run }} pytest --timeout=1600 tests/conformance "$@"

# Runs the session state machines for MINUTES with new random seeds, and reports their coverage.
[no-exit-message]
test-sessions MINUTES="10":
    @HEADRACE_SESSIONS_MINUTES={{ quote(MINUTES) }} {{ uv_run }} pytest tests/integration/sessions tests/integration/user_svc/test_session_renewal_machine.py

# Fuzzes everything that parses external input, for SECONDS each (TARGET...: only those).
[no-exit-message]
fuzz *ARGS:
    @{{ uv_run }} python -m tests.fuzz "$@"

# Injects faults into a live platform, and checks the required behaviour (ROW...: only those; --short; --markdown: write docs/faults.md).
[no-exit-message]
drill *ARGS:
    @{{ uv_run }} python -m tests.faults "$@"

# Measures speed and memory on this machine (NAME...: only those; --seconds N).
[no-exit-message]
bench *ARGS:
    @{{ uv_run }} python -m benchmarks "$@"
