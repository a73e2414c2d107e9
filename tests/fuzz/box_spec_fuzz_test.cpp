// The fuzz entry over Specs as the executor writes them, and over fixed mutations of them.
#include <gtest/gtest.h>

#include <ec/box/protocol.hpp>

#include "fuzzing.hpp"

namespace {

using ec::box::Mount;
using ec::box::Spec;

Spec large() {
    Spec spec;
    spec.privileged = spec.idmap = spec.cgroup_v2 = true;
    spec.drop_uid = 1'900'000'000;
    spec.owner_uid = 1000;
    spec.cgroup = "/sys/fs/cgroup/x";
    spec.wall_ms = ~0ULL;
    for (const auto kind : {Mount::Kind::bind, Mount::Kind::file, Mount::Kind::proc}) {
        Mount mount;
        mount.kind = kind;
        mount.source = "/usr";
        mount.target = "/usr/local";
        mount.size = 1ULL << 40;
        mount.optional = true;
        spec.mounts.push_back(mount);
    }
    spec.writable = {"/tmp", ""};
    spec.directory = "/w";
    spec.artifact_dir = "/run/edgecoder/x";
    spec.argv = {"python3", "-c", std::string("a\0b", 3)};
    spec.environment = {"PATH=/usr/bin"};
    spec.edits = {{"a.py", "text"}, {"b", ""}};
    return spec;
}

TEST(BoxSpecs, AreReadExactlyOrNotAtAll) {
    Spec small;
    small.argv = {"true"};
    Spec decoded;
    EXPECT_TRUE(ec::box::decode(ec::box::encode(small), decoded));
    EXPECT_TRUE(ec::box::decode(ec::box::encode(large()), decoded));
    EXPECT_EQ(decoded.edits, large().edits);
    ec::fuzzing::feed_mutations({ec::box::encode(small), ec::box::encode(large())}, 20'000, 20261127);
}

}  // namespace
