#include "store.hpp"

#include <ec/swarm/schema.hpp>

namespace ec::apps::coordinator {

Result<sql::Database> StorePlace::connect() const {
    return shared() ? sql::Database::connect(url) : sql::Database::open(file);
}

Result<std::unique_ptr<Store>> Store::open(StorePlace place, DeskRules rules) {
    {
        EC_ASSIGN(sql::Database database, place.connect());
        EC_TRY(swarm::migrate_coordinator(database));
    }
    std::unique_ptr<Store> store(new Store(std::move(place), std::move(rules)));
    EC_ASSIGN(store->writer_, swarm::Writer::start([raw = store.get()]() -> Result<sql::Database> {
                  raw->desk_.reset();
                  return raw->place_.connect();
              }));
    return store;
}

void Store::close() { writer_.reset(); }

Desk& Store::writers_desk(sql::Database& database) {
    if (!desk_ || &desk_->database != &database) desk_ = std::make_unique<Desk>(database, rules_);
    return *desk_;
}

void Store::change(Change change, swarm::Writer::Done done) {
    writer_->submit(
        [this, change = std::move(change)](sql::Database& database) { return change(writers_desk(database)); },
        std::move(done));
}

Status Store::change_and_wait(Change change) {
    return writer_->run(
        [this, change = std::move(change)](sql::Database& database) { return change(writers_desk(database)); });
}

Status Store::read_with(const std::function<void(Desk&)>& reading) {
    std::unique_ptr<Seat> seat;
    {
        const std::scoped_lock lock(mutex_);
        if (!idle_.empty()) {
            seat = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!seat) {
        EC_ASSIGN(sql::Database made, place_.connect());
        seat = std::make_unique<Seat>(std::move(made), rules_);
    }
    reading(seat->desk);
    seat->database.end_cached_rows();
    const std::scoped_lock lock(mutex_);
    if (seat->database.usable() && idle_.size() < kReaders) idle_.push_back(std::move(seat));
    return {};
}

}  // namespace ec::apps::coordinator
