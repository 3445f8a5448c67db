# 店小二的命令。`make help` 列出全部。
SHELL := /bin/bash
.DEFAULT_GOAL := help
export RASA_TELEMETRY_ENABLED := false
PY := .venv/bin/python
# Rasa and its libraries warn about their own deprecations at every start; ours must stay visible.
export TF_CPP_MIN_LOG_LEVEL := 2
export SQLALCHEMY_SILENCE_UBER_WARNING := 1

.PHONY: help setup run train finetune web lint types validate corpus bench-nlu stories unit browser test lock clean

help: ## 列出所有命令
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## 创建 .venv 并安装锁定的依赖（其他命令会自动调用）
	@scripts/setup

run: setup ## 一条命令启动：数据库、编码器、训练、网页、全部服务
	@$(PY) -m bot up

train: setup ## 只训练模型
	@$(PY) -m bot train

finetune: setup ## 用语料微调编码器再训练，正在运行的服务不停（重练：ARGS=--restart）
	@$(PY) -m bot finetune $(ARGS)

web: setup ## 只构建网页
	@$(PY) -m bot web

lint: setup ## 代码风格（ruff）
	@$(PY) -m ruff check bot actions tests && $(PY) -m ruff format --check bot actions tests

types: setup ## 类型检查（mypy）
	@$(PY) -m mypy

validate: setup ## 检查对话数据，不允许有警告
	@$(PY) -m bot prepare --only encoder shop
	@$(PY) -m rasa data validate --fail-on-warnings

corpus: setup ## 检查训练语料：重复、近似句、模板句、太像的意图、行数
	@$(PY) -m bot corpus check

bench-nlu: setup ## 与现成方案对比：make bench-nlu FILE=消息.tsv（ARGS="--lines 2000 --epochs 10" 快速试跑）
	@$(PY) -m bot bench-nlu $(FILE) $(ARGS)

unit: setup ## 单元测试
	@$(PY) -m bot prepare --only encoder
	@$(PY) -m pytest tests/unit

stories: train ## 对话测试（rasa test）
	@$(PY) -m rasa test core --stories tests/stories --fail-on-prediction-errors --out results/core

heldout: train ## 留出语料上的识别测试（rasa test nlu），低于底线就失败
	@$(PY) -m pytest tests/nlu

web-test: web ## 网页的类型检查和单元测试
	@cd bot/web && npm run check && npm test

browser: train web ## 端到端与浏览器测试
	@$(PY) -m pytest tests/e2e tests/browser

test: lint types corpus validate web-test unit stories heldout browser ## 全部测试
	@echo "✓ 全部测试通过"

lock: setup ## 重新锁定依赖（改了 pyproject.toml 之后）
	@$(PY) -m pip install -q uv
	@$(PY) -m uv pip compile pyproject.toml --extra dev --python-version 3.10 --python-platform x86_64-manylinux_2_28 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

clean: ## 删除构建物和本机数据（.venv 保留）
	@rm -rf var models results .rasa bot/web/dist
