# make book (the default) · make test · make serve · make bench · make bench-growth · make mutate · make clean
# Each sets up .venv first when it is missing or its requirements have changed; PYTHON=… names another Python.

PORT ?= 8000
BIN := .venv/bin
BENCHES := values propagation build pages explorables
export PYTHON

.PHONY: book test serve bench bench-growth mutate clean
.DELETE_ON_ERROR:

book: .venv/book.stamp
	@echo "Building the book; what has not changed is not executed again"
	@$(BIN)/jupyter-book build .

test: .venv/test.stamp
	@echo "Running the tests on all cores, with coverage; the browser tests build the book first"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --cov --numprocesses auto --dist loadfile

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
