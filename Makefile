# Needs python3 (3.11 or newer) and make; everything else is installed into .venv. `make help` lists the targets.

PYTHON ?= python3
# Extra arguments for pytest, as in: make test ARGS="tests/claims -k limit"
ARGS ?=

# Every target starts Python again and again, the demo and the tests dozens of times: it must not compile each time.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
RUN := $(VENV)/bin/python
# A copy of the lock file that was installed: an unchanged one needs no work.
INSTALLED := $(VENV)/installed.lock
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard config/locale/*/LC_MESSAGES/*.po))

.PHONY: help setup venv demo demo-reset test bench lint fmt clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/'

setup: venv $(CATALOGUES) ## 建立 .venv,安装锁定的依赖,编译译文

venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "需要 Python 3.11 或更新版本($(PYTHON) 是 $$($(PYTHON) --version 2>&1));可用 make PYTHON=python3.12 指定。" >&2; exit 1; }
	@cmp -s requirements.lock $(INSTALLED) || $(MAKE) --no-print-directory install

# uv where there is one, because it takes seconds; pip otherwise, or where uv does not reach the package index that
# only pip is configured for. The hashes of the lock file make every index equally safe.
.PHONY: install
install:
	@rm -f $(INSTALLED)
	@$(with_uv) || $(with_pip)
	@cp requirements.lock $(INSTALLED)

define with_uv
{ command -v uv >/dev/null 2>&1 && echo "用 uv 安装依赖 …" && \
	{ test -x $(RUN) || uv venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); } && \
	uv pip sync --quiet --python $(RUN) --require-hashes --index-strategy unsafe-best-match requirements.lock; }
endef

define with_pip
{ $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) 缺少 venv 或 ensurepip:Debian、Ubuntu 请先安装 python3-venv,其他系统请安装完整的 Python。" >&2; exit 1; }; \
	echo "用 pip 安装依赖,约一分钟 …" && \
	{ test -x $(VENV)/bin/pip || $(PYTHON) -m venv --clear $(VENV); } && \
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; }
endef

%.mo: %.po | venv
	@$(RUN) manage.py compilemessages

demo: setup ## 启动演示,Ctrl-C 停止;数据保留在 .data
	@$(RUN) -m config.demo.run

demo-reset: setup ## 停止演示,删除数据文件夹,重新开始
	@$(RUN) -m config.demo.run --reset

test: setup ## 全部测试,自带数据库与消息服务
	@$(RUN) -m pytest -n auto --dist worksteal $(ARGS)

bench: setup ## 速度测量
	@$(RUN) -m pytest -n 0 -s tests/benchmarks $(ARGS)

lint: setup ## 代码检查
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports

fmt: setup ## 整理代码格式
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

clean: ## 停止服务,删除 .venv 与缓存(数据文件夹保留)
	@if [ -x $(RUN) ] && [ -d .data ]; then $(RUN) manage.py services stop; fi
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis staticfiles test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
