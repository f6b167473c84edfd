# SPDX-License-Identifier: GPL-3.0-or-later
# What an environment may cost a month by the price table of the site.
package clusterwright.budget

limit := input.site.environments[input.plan.environment].max_monthly_cost

findings contains {
	"id": "policy.budget.exceeded",
	"severity": "error",
	"field": "cost.monthly",
	"message": sprintf("The plan costs %.2f %s a month, the budget of %s is %.2f; ask for less or raise max_monthly_cost.", [input.plan.cost.monthly, input.plan.cost.currency, input.plan.environment, limit]),
} if {
	is_number(limit)
	input.plan.cost.monthly > limit
}
