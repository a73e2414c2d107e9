// How the bytes of one connection travel: as they are, or through TLS. Private to the HTTP server; on its loop.
//
// A Wire never waits: it says what it would have to wait for, and is asked again when that has come.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace ec::net {

class Wire {
public:
    enum class State {
        moved,
        wants_read,   ///< again when the socket can be read
        wants_write,  ///< again when it can be written
        ended,        ///< the other end says no more
        broken,
    };
    struct Moved {
        State state = State::moved;
        std::size_t bytes = 0;  ///< above 0 with `moved`
    };

    virtual ~Wire() = default;
    /// What must happen before anything else; `moved` when it has.
    virtual State greet() = 0;
    virtual Moved read(std::span<char> into) = 0;
    /// Takes some of `bytes`, which are not empty. What it did not take comes again with the next call. `more`:
    /// something follows at once.
    virtual Moved write(std::string_view bytes, bool more) = 0;
    /// Whether bytes are here that the socket does not tell of.
    [[nodiscard]] virtual bool holds() const = 0;
    /// Tells the other end that nothing follows, if it can be told.
    virtual void part() = 0;
};

/// `socket` stays the caller's, and does not block.
std::unique_ptr<Wire> plain_wire(int socket);

}  // namespace ec::net
