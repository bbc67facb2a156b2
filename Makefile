# make book (the default) · make test · make serve · make bench · make bench-growth · make bench-reproducible
# make mutate · make clean
# Each sets up .venv first when it is missing or its requirements have changed; PYTHON=… names another Python.

PORT ?= 8000
BIN := .venv/bin
BENCHES := values propagation build pages explorables
export PYTHON

.PHONY: book test serve bench bench-growth bench-reproducible mutate clean
.DELETE_ON_ERROR:

book: .venv/book.stamp
	@echo "Building the book; what has not changed is not executed again"
	@$(BIN)/jupyter-book build .

test: .venv/test.stamp
	@echo "Running the tests on all cores, with coverage; the browser tests build the book first"
	@mkdir -p _build
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --cov --numprocesses auto --dist loadfile --junitxml=_build/.tests.xml; \
		code=$$?; test $$code -gt 1 || mv _build/.tests.xml _build/tests.xml; exit $$code

serve: book
	@echo "Serving the book at http://127.0.0.1:$(PORT) until Ctrl-C"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

bench: .venv/test.stamp
	@for bench in $(BENCHES); do \
		echo "Running bench/$$bench.py"; PYTHONPATH=code $(BIN)/python bench/$$bench.py || exit 1; \
	done

bench-growth: .venv/test.stamp
	@echo "Building copies of the book with its chapters once, twice and four times"
	@$(BIN)/python bench/growth.py

bench-reproducible: .venv/test.stamp
	@echo "Building the book twice from clean, and comparing every file"
	@$(BIN)/python bench/reproducible.py

mutate: .venv/test.stamp
	@echo "Breaking the arithmetic and the proofs on purpose; Ctrl-C stops, and the next run goes on from there"
	@$(BIN)/python tests/mutation/mutate.py

clean:
	@echo "Removing what was built; .venv stays"
	@rm -rf _build .pytest_cache .ruff_cache .hypothesis .coverage

.venv/book.stamp: requirements.txt .ci/setup
	@.ci/setup requirements.txt
	@touch $@

.venv/test.stamp: requirements-dev.txt requirements.txt .ci/setup
	@.ci/setup requirements-dev.txt
	@touch $@ .venv/book.stamp
