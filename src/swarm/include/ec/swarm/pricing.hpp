// The pricing port: what a task costs its submitter and brings its worker, fixed when it is submitted.
#pragma once

#include <ec/ledger/books.hpp>
#include <ec/swarm/job.hpp>

namespace ec::swarm {

class Pricing {
public:
    virtual ~Pricing() = default;
    [[nodiscard]] virtual ledger::Credits price(TaskKind kind, const Needs& needs) const = 0;
};

/// One credit a task, a tenth for a verification.
class FixedPricing final : public Pricing {
public:
    [[nodiscard]] ledger::Credits price(TaskKind kind, const Needs& /*needs*/) const override {
        constexpr std::int64_t kTask = 1000;
        constexpr std::int64_t kVerification = 100;
        return ledger::Credits::milli(kind == TaskKind::verify ? kVerification : kTask);
    }
};

}  // namespace ec::swarm
