# 店小二的命令。`make help` 列出全部。
SHELL := /bin/bash
.DEFAULT_GOAL := help
export RASA_TELEMETRY_ENABLED := false
PY := .venv/bin/python
# Rasa and its libraries warn about their own deprecations at every start; ours must stay visible.
export TF_CPP_MIN_LOG_LEVEL := 2
export SQLALCHEMY_SILENCE_UBER_WARNING := 1

.PHONY: help setup run services train finetune web lint types check corpus bench-nlu bench-turn bench-knowledge \
	bench-desk bench-insight bench-load bench-locks bench-trackers bench-quality bench-speech table stories unit secrets audit \
	deploy-check fuzz browser cluster-test faults test lock clean

help: ## 列出所有命令
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: ## 创建 .venv 并安装锁定的依赖（其他命令会自动调用）
	@scripts/setup

run: setup ## 一条命令启动：数据库、编码器、训练、网页、全部服务（PROFILE=cluster：nginx 后面各两台）
	@$(PY) -m bot up $(if $(PROFILE),--profile $(PROFILE))

services: ## 启动集群要的数据库、Redis、RabbitMQ（本机，用 Debian 的软件包；ARGS=check 只看有没有）
	@scripts/services $(or $(ARGS),start)

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

check: setup ## 检查对话数据：写错的名字、规则和故事的冲突、没人说的话（ARGS="--fast" 不查冲突）
	@$(PY) -W ignore -m bot check $(ARGS)

corpus: setup ## 检查训练语料：重复、近似句、模板句、太像的意图、行数
	@$(PY) -m bot corpus check

bench-nlu: setup ## 与现成方案对比：make bench-nlu FILE=消息.tsv（ARGS="--lines 2000 --epochs 10" 快速试跑）
	@$(PY) -m bot bench-nlu $(FILE) $(ARGS)

bench-turn: train ## 量一轮对话的用时：中位数、95%、时间花在哪里（ARGS="--rounds 40"）
	@$(PY) -W ignore -m bot bench-turn $(ARGS)

bench-load: train ## 压测：两个核上的最高速率，和 Rasa 自带的模板对比（ARGS="--seconds 5"、"--profile multicore"、"--table"）
	@$(PY) -W ignore -m bot bench-load $(ARGS)

bench-locks: setup ## 同一位顾客的第二条消息等锁多久，和 Rasa 自带的 Redis 锁对比（ARGS="--url redis://…"）
	@$(PY) -W ignore -m bot bench-locks $(ARGS)

bench-trackers: setup ## 50 个和 2 万个事件的会话，一轮读和存要多久，和 Rasa 自带的存储对比（ARGS="--url postgresql://…"）
	@$(PY) -W ignore -m bot bench-trackers $(ARGS)

bench-desk: setup ## 客服台满负荷：50 位客服、1000 个会话，量消息两个方向的送达用时（ARGS="--seconds 60"）
	@$(PY) -W ignore -m bot bench-desk $(ARGS)

table: setup ## 重新生成 docs/intents.md：意图 → 流程 → 动作 → 规则 → 测试
	@$(PY) -m bot check --table

bench-knowledge: setup ## 知识库检索的成绩：命中率、误答率、10 万条里的速度，和 TF-IDF 对比
	@$(PY) -m bot bench-knowledge $(FILE) $(ARGS)

bench-quality: setup ## 质检一天一万个对话要多久（ARGS="--conversations 2000" 快速试跑）
	@$(PY) -W ignore -m bot bench-quality $(ARGS)

bench-speech: setup ## 语音识别的字错率和实时率（合成 50 句话来考）
	@$(PY) -W ignore -m bot bench-speech $(ARGS)

bench-insight: setup ## 管理页各页的用时：1 万到 100 万个事件，SQLite 和 PostgreSQL（ARGS="--max 10000000" 到一千万）
	@$(PY) -W ignore -m bot bench-insight $(ARGS)

secrets: setup ## 扫描密钥：当前文件和 git 历史
	@$(PY) scripts/secret_scan.py

audit: setup ## 依赖的已知漏洞（pip-audit、npm audit，要能上网）和密钥扫描；连不上漏洞库时只提醒
	@scripts/audit

unit: setup ## 单元测试，和质检规则与人工标注的一致程度
	@$(PY) -m bot prepare --only encoder
	@$(PY) -m pytest -n 2 --dist loadfile --max-worker-restart 0 tests/unit tests/quality

fuzz: setup ## 每个平台报文解析器各用一万条乱数据去试（约 20 分钟）
	@FUZZ_EXAMPLES=10000 $(PY) -m pytest -n 2 --dist worksteal tests/unit/channels -m fuzz

stories: train ## 对话测试（rasa test）
	@$(PY) -m bot.launch.rasa_command test core --stories tests/stories --fail-on-prediction-errors --out results/core

heldout: train ## 留出语料上的识别测试（rasa test nlu），低于底线就失败
	@$(PY) -m pytest tests/nlu

web-test: web ## 网页的类型检查和单元测试
	@cd bot/web && npm run check && npm test

browser: train web ## 端到端与浏览器测试
	@$(PY) -m pytest tests/e2e tests/browser

cluster-test: train web ## 端到端测试跑在集群上（nginx 后面各两台；要先 make services）
	@DIANXIAOER_TEST_PROFILE=cluster $(PY) -m pytest tests/e2e

faults: train web ## 故障测试：杀进程、断数据库、满磁盘……之后一条消息不丢、一单不重（要先 make services，约 15 分钟，慢机器 25 分钟）
	@$(PY) -m pytest -p no:cacheprovider tests/faults

deploy-check: setup ## 检查 deploy/ 里的镜像、compose 文件和 Kubernetes 清单（按它们公布的 schema，不用外网）
	@$(PY) -m pytest -q tests/deploy

test: lint types secrets corpus check web-test deploy-check unit stories heldout browser ## 全部测试
	@echo "✓ 全部测试通过"

lock: setup ## 重新锁定依赖（改了 pyproject.toml 之后）
	@$(PY) -m pip install -q uv
	@$(PY) -m uv pip compile pyproject.toml --extra dev --extra tracing --python-version 3.10 --python-platform x86_64-manylinux_2_28 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

clean: ## 删除构建物和本机数据（.venv 保留）
	@rm -rf var models results .rasa bot/web/dist
