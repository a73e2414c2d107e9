// The fuzz entry over each kind of sealed text and over mutations of them.
#include <gtest/gtest.h>

#include <ec/swarm/payload.hpp>
#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

using namespace ec::swarm;

std::vector<std::string> seeds() {
    const BlobId blob = BlobId::parse(std::string(64, 'b')).value();
    const std::string key(32, 'k');
    ManifestFile file;
    file.path = "src/a.py";
    file.mode = 0755;
    file.bytes = 5;
    file.blobs = {blob};
    file.keys = {key};
    ManifestFile link = file;
    link.path = "link";
    link.mode = 0644;
    link.symlink = true;
    JobSpec job;
    job.test = "pytest -q";
    job.manifest = {blob};
    job.manifest_keys = {key};
    job.snapshot = std::string(64, 'a');
    const TaskSpec task{.task = "a part", .files = {"a.py"}, .test = "true", .sample = 1};
    TaskResult result;
    result.patch = "caf\xe9";
    return {std::string(1, '\0') + write(std::vector<ManifestFile>{file, link}), "\1" + write(job), "\2" + write(task),
            "\3" + write(result)};
}

TEST(SwarmPayloadFuzz, SealedTextsKeepThePromises) { ec::fuzzing::feed_mutations(seeds(), 20000, 20261127); }

}  // namespace
