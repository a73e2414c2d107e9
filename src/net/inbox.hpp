// What came on a connection and was not used yet. Private to the HTTP server; on its loop.
//
// A connection that has its turn reads into room that all share, and mostly uses everything at once: only what is left
// over is kept, so that those that wait hold nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ec::net {

class Inbox {
public:
    /// The bytes to be used next are taken off its front.
    std::string_view unread;

    /// The turn begins.
    void open() {
        unread = kept_;
        shared_ = false;
    }
    /// These came behind the unread; they stay where they are until keep().
    void come(std::string_view fresh) {
        if (!unread.empty()) {
            keep();
            keep_more(fresh);
            return open();
        }
        unread = fresh;
        shared_ = true;
    }
    /// The turn ends: the shared room will be others'.
    void keep() {
        if (shared_) {
            kept_.assign(unread);
        } else {
            kept_.erase(0, kept_.size() - unread.size());
        }
        if (kept_.empty()) std::string().swap(kept_);
        open();
    }
    /// Between turns.
    void keep_more(std::string_view fresh) { kept_ += fresh; }
    [[nodiscard]] std::size_t kept() const { return kept_.size(); }

private:
    std::string kept_;
    bool shared_ = false;  // the unread lies in the shared room
};

}  // namespace ec::net
