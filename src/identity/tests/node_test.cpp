#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ec/core/fs.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/identity/node.hpp>

namespace ec::identity {
namespace {

// RFC 8037, appendix A.3.
TEST(NodeId, IsTheThumbprintOfTheRfc) {
    const auto key =
        crypto::PublicKey::from_bytes(crypto::from_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").value());
    EXPECT_EQ(NodeId::of(key.value()).text(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(NodeId, IsReadWholeOrNotAtAll) {
    const NodeId id = NodeId::of(crypto::SecretKey::generate()->public_key());
    EXPECT_EQ(NodeId::parse(id.text()), id);
    for (const std::string& text :
         {std::string(), id.text().substr(1), id.text() + "A", id.text() + "=", "+" + id.text().substr(1),
          std::string(43, ' '), std::string(43, '_'), std::string(42, 'A') + "B"})
        EXPECT_FALSE(NodeId::parse(text)) << text;
}

TEST(NodeNames, AreReadAsTheyAreWritten) {
    for (const NodeKind kind : {NodeKind::client, NodeKind::worker, NodeKind::inference, NodeKind::coordinator})
        EXPECT_EQ(parse_node_kind(name(kind)), kind);
    for (const NodeState state : {NodeState::pending, NodeState::approved, NodeState::suspended, NodeState::revoked})
        EXPECT_EQ(parse_node_state(name(state)), state);
    EXPECT_FALSE(parse_node_kind("Worker"));
    EXPECT_FALSE(parse_node_state(""));
}

class NodeKey : public testing::Test {
protected:
    TempDir folder_ = TempDir::create().value();
    std::filesystem::path file_ = folder_.path() / "swarm/worker-key";
};

TEST_F(NodeKey, IsMadeOnceForItsOwnerAlone) {
    const auto made = keep_node_key(file_);
    ASSERT_TRUE(made) << made.error().message;
    struct stat info{};
    ASSERT_EQ(::stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    EXPECT_EQ(keep_node_key(file_)->public_key(), made->public_key());
    EXPECT_NE(keep_node_key(folder_.path() / "swarm/client-key")->public_key(), made->public_key());
}

TEST_F(NodeKey, IsNotTakenFromAFileThatOthersMayRead) {
    ASSERT_TRUE(keep_node_key(file_));
    ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
    EXPECT_EQ(keep_node_key(file_).error().code, ErrorCode::denied);
}

TEST_F(NodeKey, IsNeverMadeOverSomethingElse) {
    ASSERT_TRUE(keep_node_key(file_));
    for (const std::string text : {"", "hello", "0123456789abcdef0123456789abcdef0123456789abcdef\n"}) {
        ASSERT_TRUE(write_file_atomic(file_, text));
        EXPECT_EQ(keep_node_key(file_).error().code, ErrorCode::corrupt) << text;
        EXPECT_EQ(read_file(file_), text);
    }
}

}  // namespace
}  // namespace ec::identity
