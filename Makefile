# The same commands as `python tasks.py …`; see README.md.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
.PHONY: run test lock clean
run test lock clean:
	@$(PYTHON) tasks.py $@
