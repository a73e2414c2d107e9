// What is inside sealed texts, by the first byte one of: a manifest, a job's spec, a task's, a result. Whatever went
// in, what is read is within its bounds, and reads the same once more when it is written.
#include <ec/swarm/payload.hpp>
#include <set>
#include <string>

#include "fuzzing.hpp"

namespace {

using namespace ec::swarm;
using ec::fuzzing::require;

template <class Value, class Read>
void check_same(const ec::Result<Value>& value, Read read) {
    if (!value) {
        require(!value.error().message.empty());
        return;
    }
    const std::string text = write(*value);
    const auto again = read(text);
    require(again.has_value() && write(*again) == text);
}

void check_manifest(std::string_view text) {
    const auto files = read_manifest(text);
    if (!files) return;
    std::set<std::string> paths;
    for (const ManifestFile& file : *files) {
        require(check_path(file.path).has_value() && file.path.front() != '/' && !file.path.starts_with("../"));
        require(file.mode == 0644 || file.mode == 0755);
        require(file.blobs.size() == file.keys.size() && file.bytes <= file.blobs.size() * kBlobPlainBytes);
        require(paths.insert(file.path).second);
    }
    for (const std::string& path : paths)
        for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1))
            require(!paths.contains(path.substr(0, at)));
    check_same<std::vector<ManifestFile>>(*files, read_manifest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 65536) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            check_manifest(text);
            break;
        case 1:
            check_same(read_job_spec(text), read_job_spec);
            break;
        case 2:
            check_same(read_task_spec(text), read_task_spec);
            break;
        default:
            // A long result of bytes that are no UTF-8 may be too long once it is written in their place.
            if (text.size() < kResultBytes / 8) check_same(read_task_result(text), read_task_result);
            break;
    }
    return 0;
}
