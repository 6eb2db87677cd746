# What `sam build` runs for each function: build-<logical id>. The folder that includes this names
# the processor, so the parameter Architecture of the template is the only place that says it.
architecture := $(notdir $(CURDIR))
copy = ../../build --architecture $(architecture) --copy $(1) "$(ARTIFACTS_DIR)"

.PHONY: build-ApplyRules build-EvaluateBudgets build-IngestCostExplorer build-IngestExport build-LookupChargeback
build-ApplyRules:
	$(call copy,apply-rules)
build-EvaluateBudgets:
	$(call copy,evaluate-budgets)
build-IngestCostExplorer:
	$(call copy,ingest-cost-explorer)
build-IngestExport:
	$(call copy,ingest-export)
build-LookupChargeback:
	$(call copy,lookup-chargeback)
