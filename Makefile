# The same commands as `python tasks.py …`; see README.md.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
.PHONY: run test bench assurance lock clean
run test bench assurance lock clean:
	@$(PYTHON) tasks.py $@
