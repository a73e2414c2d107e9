// Attacks from inside and what must be true outside afterwards. Every test gets files of ours that nobody inside may
// read or change, a process that must live, and a look at the whole machine before and after.
#pragma once

#include <ec/core/text.hpp>

#include "machine_snapshot.hpp"
#include "sandbox_fixture.hpp"

namespace ec::executor::testing {

inline constexpr const char* kCanary = "canary-7f3a91";

/// TMPDIR is a folder of the test's own, made before anything else of it.
class OwnTemporaryFolder {
protected:
    OwnTemporaryFolder();
    ~OwnTemporaryFolder();
    TempDir temporary_;
};

class AttackTest : protected OwnTemporaryFolder, public SandboxTest {
protected:
    void SetUp() override;
    void TearDown() override;

    /// Runs a program against the canaries: neither its output nor any file of ours may show that it got through.
    RunResult attack(RunSpec spec);
    /// Python with `C` (the canary's path), `M` (a mark for names), libc and helpers for raw system calls defined.
    RunResult python(const std::string& program, const Limits& limits = {});
    RunResult node(const std::string& program, const Limits& limits = {});
    RunResult shell(const std::string& script, const Limits& limits = {});

    [[nodiscard]] std::string canary() const { return (outside() / "canary.txt").string(); }
    [[nodiscard]] std::filesystem::path outside() const { return std::filesystem::canonical(outside_.path()); }
    [[nodiscard]] int bystander() const { return bystander_; }
    [[nodiscard]] const std::string& mark() const { return mark_; }
    /// The machine is held against what it was at this moment; for tests that make something of their own first.
    void remember_machine();

private:
    [[nodiscard]] MachineSnapshot snapshot() const;
    void expect_outside_untouched();

    TempDir outside_ = std::move(*TempDir::create());
    std::string mark_;
    int bystander_ = -1;
    MachineSnapshot before_;
};

}  // namespace ec::executor::testing
