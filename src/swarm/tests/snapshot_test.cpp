#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/swarm/snapshot.hpp>
#include <map>

namespace ec::swarm {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

using Tree = std::map<std::string, std::string>;  // path to mode and content

void put(const fs::path& root, const std::string& path, std::string_view content, unsigned mode = 0644) {
    fs::create_directories((root / path).parent_path());
    ASSERT_TRUE(write_file_atomic(root / path, content, mode));
}

Tree tree_of(const fs::path& root) {
    Tree tree;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        const std::string path = fs::relative(entry.path(), root).generic_string();
        if (path.starts_with(".git/") || entry.is_directory()) continue;
        if (entry.is_symlink()) {
            tree[path] = "-> " + fs::read_symlink(entry.path()).string();
        } else {
            const bool runs = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
            tree[path] = (runs ? "x " : "f ") + read_file(entry.path()).value();
        }
    }
    return tree;
}

/// What a coordinator keeps.
class Store {
public:
    [[nodiscard]] auto sink() {
        return [this](SealedBlob blob) -> Status {
            const bool fresh = blobs.emplace(blob.id.text(), blob.bytes).second;
            EXPECT_TRUE(fresh) << "a blob came twice";
            EXPECT_LE(blob.bytes.size(), kBlobBytes);
            return {};
        };
    }
    [[nodiscard]] BlobSource source() {
        return [this](const std::vector<BlobId>& ids) -> Result<std::vector<SealedBlob>> {
            std::vector<SealedBlob> out;
            for (const BlobId& id : ids)
                if (const auto place = blobs.find(id.text()); place != blobs.end()) out.push_back({id, place->second});
            return out;
        };
    }
    std::map<std::string, std::string> blobs;
};

JobSpec spec_of(const PackedSnapshot& packed) {
    JobSpec spec;
    spec.manifest = packed.manifest;
    spec.manifest_keys = packed.manifest_keys;
    spec.snapshot = packed.digest;
    return spec;
}

class SnapshotTest : public ::testing::Test {
protected:
    Result<PackedSnapshot> pack_all(const SnapshotWish& wish) { return pack(wish, group_, store_.sink(), {}); }
    Result<PackedSnapshot> pack_all() { return pack_all({.root = from(), .also = {}, .limits = {}}); }
    Status unpack_all(const JobSpec& spec, SnapshotLimits limits = {}) {
        return unpack(spec, store_.source(), to(), limits, {});
    }
    /// A spec whose manifest is this one, sealed as pack() seals it.
    JobSpec hostile(const std::vector<ManifestFile>& files) {
        TempDir folder = TempDir::create().value();
        put(folder.path(), "manifest", write(files));
        // The manifest's own text packed as a file gives the blobs that a spec can name.
        const PackedSnapshot packed = pack({.root = folder.path(), .also = {}, .limits = {}}, group_,
                                           [this](SealedBlob blob) -> Status {
                                               store_.blobs.emplace(blob.id.text(), blob.bytes);
                                               return {};
                                           },
                                           {})
                                          .value();
        JobSpec spec;
        spec.manifest = packed.files.front().blobs;
        spec.manifest_keys = packed.files.front().keys;
        spec.snapshot = std::string(64, '0');
        return spec;
    }
    [[nodiscard]] fs::path from() const { return dir_.path() / "from"; }
    [[nodiscard]] fs::path to() const { return dir_.path() / "to"; }
    void SetUp() override { fs::create_directory(from()); }
    void git(const std::string& words) {
        const std::string command = "git -C '" + from().string() + "' -c user.name=t -c user.email=t@t " + words;
        ASSERT_EQ(std::system((command + " >/dev/null 2>&1").c_str()), 0) << command;
    }

    TempDir dir_ = TempDir::create().value();
    GroupKey group_ = GroupKey::generate();
    Store store_;
};

TEST_F(SnapshotTest, UnpackingGivesTheTreeThatWasPacked) {
    put(from(), "a.py", "print(1)\n");
    put(from(), "src/deep/er/b.bin", std::string(3 * kBlobBytes + 17, '\0') + "\xff");
    put(from(), "tool.sh", "#!/bin/sh\n", 0755);
    put(from(), "empty", "");
    fs::create_symlink("../a.py", from() / "src/link");
    const auto packed = pack_all();
    ASSERT_TRUE(packed) << packed.error().message;
    EXPECT_THAT(packed->withheld, IsEmpty());
    const Status done = unpack_all(spec_of(*packed));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(tree_of(to()), tree_of(from()));
}

TEST_F(SnapshotTest, TakesWhatGitTracksAndWhatIsNamed) {
    put(from(), "tracked.py", "1");
    put(from(), "gone.py", "1");
    put(from(), "untracked.py", "1");
    put(from(), "wanted/a.py", "1");
    put(from(), "wanted/b.log", "1");
    put(from(), "wanted/node_modules/x.js", "1");
    put(from(), ".gitignore", "*.log\nignored.txt\n");
    put(from(), "ignored.txt", "1");
    git("init -q");
    git("add tracked.py gone.py .gitignore");
    fs::remove(from() / "gone.py");
    put(from(), "tracked.py", "2");
    const auto packed = pack_all({.root = from(), .also = {"wanted/", "ignored.txt"}, .limits = {}});
    ASSERT_TRUE(packed) << packed.error().message;
    ASSERT_TRUE(unpack_all(spec_of(*packed)));
    EXPECT_EQ(tree_of(to()), (Tree{{".gitignore", "f *.log\nignored.txt\n"},
                                   {"tracked.py", "f 2"},
                                   {"wanted/a.py", "f 1"},
                                   {"ignored.txt", "f 1"}}));
    EXPECT_THAT(packed->withheld, ElementsAre(Pair("wanted/node_modules/", HasSubstr("packages")),
                                              Pair("untracked.py", HasSubstr("--include untracked.py"))));
}

TEST_F(SnapshotTest, NewFilesThatNobodyAddedAreNamedAndAFolderOfThemOnce) {
    put(from(), "src/deep/a.py", "1");
    put(from(), ".gitignore", "*.log\n");
    git("init -q");
    git("add -A");
    put(from(), "src/deep/new.py", "1");
    put(from(), "src/deep/ignored.log", "1");
    put(from(), "drafts/x/one.py", "1");
    put(from(), "drafts/two.py", "1");
    put(from(), "src/__pycache__/a.pyc", "1");
    const auto packed = pack_all({.root = from(), .also = {}, .limits = {}});
    ASSERT_TRUE(packed) << packed.error().message;
    EXPECT_THAT(packed->withheld, ::testing::UnorderedElementsAre(Key("src/deep/new.py"), Key("drafts/")));
}

TEST_F(SnapshotTest, AFolderThatIsNoRepositoryIsTakenWithoutItsHeavyFolders) {
    put(from(), "a.py", "1");
    put(from(), ".gitignore", "*.txt\n");
    put(from(), "notes.txt", "1");
    put(from(), ".venv/lib/x.py", "1");
    put(from(), "src/__pycache__/x.pyc", "1");
    const auto packed = pack_all();
    ASSERT_TRUE(packed) << packed.error().message;
    ASSERT_TRUE(unpack_all(spec_of(*packed)));
    EXPECT_THAT(tree_of(to()), ::testing::UnorderedElementsAre(Key("a.py"), Key(".gitignore"), Key("notes.txt")));
    EXPECT_THAT(packed->withheld, ::testing::UnorderedElementsAre(Key(".venv/"), Key("src/__pycache__/")));
}

TEST_F(SnapshotTest, WhatIsWithheldIsToldAndInNoBlob) {
    put(from(), "a.py", "1");
    put(from(), ".env", "TOKEN=canary");
    const auto packed = pack_all({.root = from(),
                                  .also = {},
                                  .withheld = [](const std::string& path, std::string_view) -> std::string {
                                      return path == ".env" ? "a file of secrets" : "";
                                  },
                                  .limits = {}});
    ASSERT_TRUE(packed);
    EXPECT_THAT(packed->withheld, ElementsAre(Pair(".env", "a file of secrets")));
    ASSERT_TRUE(unpack_all(spec_of(*packed)));
    EXPECT_THAT(tree_of(to()), Not(Contains(Key(".env"))));
}

TEST_F(SnapshotTest, NoBlobShowsWhatItHolds) {
    put(from(), "canary_name.py", "the canary line of source\n");
    ASSERT_TRUE(pack_all());
    for (const auto& [id, bytes] : store_.blobs) {
        EXPECT_THAT(bytes, Not(HasSubstr("canary")));
        EXPECT_THAT(id, Not(HasSubstr("canary")));
    }
}

TEST_F(SnapshotTest, LinksThatLeadOutAndSpecialFilesAreLeftOutAndTold) {
    put(from(), "a.py", "1");
    fs::create_symlink("/etc/passwd", from() / "out");
    fs::create_symlink("../from", from() / "up");
    ASSERT_EQ(::mkfifo((from() / "pipe").c_str(), 0600), 0);
    const auto packed = pack_all();
    ASSERT_TRUE(packed) << packed.error().message;
    EXPECT_THAT(packed->withheld, ::testing::UnorderedElementsAre(Key("out"), Key("up"), Key("pipe")));
}

TEST_F(SnapshotTest, AFolderThatBecameALinkIsNotFollowed) {
    put(dir_.path(), "elsewhere/secret.py", "canary");
    put(from(), "a.py", "1");
    put(from(), "sub/secret.py", "1");
    git("init -q");
    git("add -A");
    fs::remove_all(from() / "sub");
    fs::create_directory_symlink(dir_.path() / "elsewhere", from() / "sub");
    const auto packed = pack_all();
    ASSERT_TRUE(packed) << packed.error().message;
    EXPECT_EQ(packed->files.size(), 1U);
}

TEST_F(SnapshotTest, WishesThatCannotBeAreRefused) {
    put(from(), "a.py", "1");
    for (const char* wanted : {"../x", "/etc", "", ".git"}) {
        const auto packed = pack_all({.root = from(), .also = {wanted}, .limits = {}});
        ASSERT_FALSE(packed) << wanted;
        EXPECT_EQ(packed.error().code, ErrorCode::invalid_argument) << wanted;
    }
    EXPECT_EQ(pack_all({.root = from(), .also = {"absent"}, .limits = {}}).error().code, ErrorCode::not_found);
    EXPECT_EQ(pack_all({.root = from() / "absent", .also = {}, .limits = {}}).error().code, ErrorCode::not_found);
}

TEST_F(SnapshotTest, LimitsAreKeptWhilePacking) {
    put(from(), "a.py", "12345");
    put(from(), "b.py", "12345");
    EXPECT_EQ(pack_all({.root = from(), .also = {}, .limits = {.files = 1}}).error().code, ErrorCode::too_large);
    store_.blobs.clear();
    EXPECT_EQ(pack_all({.root = from(), .also = {}, .limits = {.bytes = 9}}).error().code, ErrorCode::too_large);
    store_.blobs.clear();
    const auto packed = pack_all({.root = from(), .also = {"a.py"}, .limits = {.file_bytes = 4}});
    EXPECT_FALSE(packed);  // nothing is left
}

TEST_F(SnapshotTest, LimitsAreKeptWhileUnpacking) {
    put(from(), "a.py", "12345");
    put(from(), "b.py", "67890");
    const JobSpec spec = spec_of(pack_all().value());
    EXPECT_EQ(unpack_all(spec, {.files = 1}).error().code, ErrorCode::too_large);
    EXPECT_EQ(unpack_all(spec, {.file_bytes = 4}).error().code, ErrorCode::too_large);
    EXPECT_EQ(unpack_all(spec, {.bytes = 9}).error().code, ErrorCode::too_large);
    EXPECT_FALSE(fs::exists(to()));
    EXPECT_TRUE(unpack_all(spec));
}

TEST_F(SnapshotTest, NothingIsWrittenOverWhatIsThere) {
    put(from(), "a.py", "1");
    const JobSpec spec = spec_of(pack_all().value());
    put(to(), "mine", "1");
    EXPECT_EQ(unpack_all(spec).error().code, ErrorCode::conflict);
    EXPECT_EQ(tree_of(to()), (Tree{{"mine", "f 1"}}));
    fs::remove_all(to());
    fs::create_directory(dir_.path() / "other");
    fs::create_directory_symlink(dir_.path() / "other", to());
    EXPECT_FALSE(unpack_all(spec));
    EXPECT_TRUE(fs::is_empty(dir_.path() / "other"));
}

TEST_F(SnapshotTest, BlobsThatAreMissingChangedOrSwappedAreRefused) {
    put(from(), "a.py", "first");
    put(from(), "b.py", "second");
    const auto packed = pack_all();
    ASSERT_TRUE(packed);
    const JobSpec spec = spec_of(*packed);
    const std::map<std::string, std::string> good = store_.blobs;
    const std::string a = packed->files[0].blobs[0].text();
    const std::string b = packed->files[1].blobs[0].text();
    const auto refused = [&] {
        const Status done = unpack_all(spec);
        store_.blobs = good;
        EXPECT_FALSE(fs::exists(to()) && !fs::is_empty(to())) << "files were left";
        return !done && done.error().code == ErrorCode::corrupt;
    };
    store_.blobs.erase(a);
    EXPECT_TRUE(refused());
    store_.blobs[a].back() ^= 1;
    EXPECT_TRUE(refused());
    std::swap(store_.blobs[a], store_.blobs[b]);
    EXPECT_TRUE(refused());
    store_.blobs[a].resize(kBlobBytes + 1);
    EXPECT_TRUE(refused());
    store_.blobs[spec.manifest.front().text()].clear();
    EXPECT_TRUE(refused());
    JobSpec other = spec;
    other.snapshot = std::string(64, '0');
    EXPECT_EQ(unpack_all(other).error().code, ErrorCode::corrupt);
    EXPECT_THAT(tree_of(to()), IsEmpty());
}

TEST_F(SnapshotTest, HostileManifestsWriteNothing) {
    put(from(), "a.py", "/etc/passwd");
    const ManifestFile good = pack_all().value().files.front();
    const auto with = [&](auto change) {
        ManifestFile file = good;
        change(file);
        return file;
    };
    const std::vector<std::vector<ManifestFile>> hostile_ones = {
        {with([](ManifestFile& f) { f.path = "../escaped"; })},
        {with([](ManifestFile& f) { f.path = (fs::temp_directory_path() / "escaped").string(); })},
        {with([](ManifestFile& f) { f.path = ".git/hooks/post-checkout"; })},
        {with([](ManifestFile& f) { f.symlink = true; })},  // whose target is /etc/passwd
        {with([](ManifestFile& f) { f.bytes += 1; })},
        {with([](ManifestFile& f) { f.mode = 04755; })},
        {good, good},
        {good, with([](ManifestFile& f) { f.path = "a.py/b"; })},
    };
    for (const auto& files : hostile_ones) {
        const Status done = unpack_all(hostile(files));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::corrupt) << done.error().message;
        EXPECT_TRUE(!fs::exists(to()) || fs::is_empty(to()));
    }
    EXPECT_FALSE(fs::exists(dir_.path() / "escaped"));
}

TEST_F(SnapshotTest, AStopEndsPackingAndUnpacking) {
    put(from(), "a.py", "1");
    std::stop_source stop;
    const JobSpec spec = spec_of(pack_all().value());
    stop.request_stop();
    EXPECT_EQ(pack({.root = from(), .also = {}, .limits = {}}, group_, store_.sink(), stop.get_token()).error().code,
              ErrorCode::cancelled);
    EXPECT_EQ(unpack(spec, store_.source(), to(), {}, stop.get_token()).error().code, ErrorCode::cancelled);
}

RC_GTEST_PROP(SnapshotProperty, AnyTreeComesBackAndEqualTreesHaveEqualNames, ()) {
    const auto names = rc::gen::elementOf(std::vector<std::string>{"a", "b.py", "c d", "ü", "-x", "e'f"});
    const auto files = *rc::gen::container<std::map<std::vector<std::string>, std::string>>(
        rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(names))),
        rc::gen::string<std::string>());
    TempDir dir = TempDir::create().value();
    const fs::path from = dir.path() / "from";
    fs::create_directory(from);
    for (const auto& [parts, content] : files) {
        fs::path path = from;
        for (const std::string& part : parts) path /= part;
        std::error_code error;
        fs::create_directories(path.parent_path(), error);  // a file may be in the way: then there is one file less
        if (!error) static_cast<void>(write_file_atomic(path, content));
    }
    RC_PRE(!fs::is_empty(from));
    const GroupKey group = GroupKey::generate();
    Store store;
    const auto packed = pack({.root = from, .also = {}, .limits = {}}, group, store.sink(), {});
    RC_PRE(packed.has_value());
    RC_ASSERT(unpack(spec_of(*packed), store.source(), dir.path() / "to", {}, {}).has_value());
    RC_ASSERT(tree_of(dir.path() / "to") == tree_of(from));
    Store again;
    const auto twin = pack({.root = dir.path() / "to", .also = {}, .limits = {}}, group, again.sink(), {});
    RC_ASSERT(twin->digest == packed->digest);
    RC_ASSERT(twin->name == packed->name);
    RC_ASSERT(twin->blobs == packed->blobs);
    Store strange;
    const auto theirs = pack({.root = from, .also = {}, .limits = {}}, GroupKey::generate(), strange.sink(), {});
    for (const auto& [id, bytes] : store.blobs) RC_ASSERT(!strange.blobs.contains(id));
    RC_ASSERT(theirs->digest == packed->digest);
}

}  // namespace
}  // namespace ec::swarm
