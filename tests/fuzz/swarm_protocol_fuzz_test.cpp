// The fuzz entry over a message of each sort and over mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

using namespace std::string_literals;

const std::vector<std::string> kSeeds = {
    "\0{\"jobs\":[{\"kind\":\"repair\",\"spec\":\"YWJj\",\"blobs\":[\"b\"],\"snapshot\":\"b\",\"tasks\":[{\"key\":"
    "\"shard-0\","
    "\"kind\":\"repair\",\"needs\":{\"languages\":[\"python\"],\"memory_mb\":512,\"gpu\":false},\"payload\":\"eA==\","
    "\"after\":[\"x\"],\"expected_s\":60}],\"priority\":50,\"verification\":\"adaptive\",\"group\":\"g\",\"group_key\":"
    "\"aw==\",\"cache_key\":\"c\",\"budget_s\":600,\"budget_milli\":1000,\"expected\":\"solved\"}]}"s,
    "\1{\"protocol\":\"1.1\",\"offer\":{\"kinds\":[\"repair\",\"verify\"],\"languages\":[\"python\"],\"memory_mb\":1,"
    "\"model_class\":\"small\",\"gpu\":true,\"groups\":[\"g\"],\"snapshots\":[\"s\"],\"model\":\"m\"},\"most\":2,"
    "\"wait_s\":29}",
    "\2{\"leases\":[{\"task\":\"t\",\"job\":\"j\",\"key\":\"shard-0\",\"kind\":\"repair\",\"fence\":1,\"attempt\":1,"
    "\"until_ms\":5,\"expected_s\":60,\"shard\":0,\"shards\":2,\"needs\":{},\"spec\":\"YQ==\",\"payload\":\"\","
    "\"inputs\":[{"
    "\"key\":\"k\",\"result\":\"YQ==\"}],\"group\":\"g\",\"group_key\":\"YQ==\"}]}",
    "\2{\"lease\":null}",
    "\3{\"protocol\":\"1.0\",\"held\":[{\"task\":\"t\",\"fence\":2,\"progress\":\"YQ==\",\"percent\":5}],\"offer\":{},"
    "\"slots\":1,\"telemetry\":{\"device\":\"phone\",\"battery_percent\":50,\"thermal\":\"fair\",\"external_power\":"
    "true,"
    "\"cpu_percent\":3,\"idle_s\":4,\"updated_ms\":5},\"holding_back\":\"outside_hours\"}",
    "\4{\"held\":[{\"task\":\"t\",\"holding\":\"kept\",\"until_ms\":5}],\"now_ms\":5,\"next_s\":30,\"drain\":false}",
    "\5{\"reports\":[{\"task\":\"t\",\"fence\":1,\"outcome\":\"solved\",\"result\":\"YQ==\",\"blobs\":[\"b\"],"
    "\"children\":[{"
    "\"key\":\"part-1\",\"kind\":\"subtask\",\"payload\":\"YQ==\"}],\"reason\":\"\",\"wall_ms\":7}]}",
    "\5{\"task\":\"t\",\"fence\":1,\"outcome\":\"nothing\"}",
    "\6{\"reports\":[{\"task\":\"done\",\"job\":\"running\",\"again\":false},{\"code\":\"conflict\",\"detail\":\"x\"}]"
    "}",
    "\7{\"id\":\"j\",\"account\":\"a\",\"kind\":\"split\",\"state\":\"done\",\"reason\":\"r\",\"spec\":\"YQ==\","
    "\"result\":\"\","
    "\"result_task\":\"t\",\"same_as\":\"\",\"submitted_ms\":1,\"paid_milli\":2,\"tasks\":[{\"id\":\"t\",\"key\":\"k\","
    "\"kind\":"
    "\"merge\",\"state\":\"queued\",\"attempts\":1,\"worker\":\"\",\"outcome\":\"error\",\"after\":[\"a\"]}]}",
    "\x8{\"sequence\":1,\"job\":\"j\",\"task\":\"\",\"type\":\"state\",\"state\":\"running\",\"data\":\"YQ==\",\"at_"
    "ms\":1}",
    "\x9\0\0\0\1a\0\0\0\2xy"s,
    "\xa{\"protocol\":\"1.1\",\"now_ms\":5,\"task\":\"t\",\"good\":true,\"fence\":1,\"ids\":[\"a\"],\"server\":\"s\"}",
    "\xb{\"code\":\"conflict\",\"detail\":\"d\"}"};

TEST(SwarmProtocolFuzz, MessagesAreValuesOrErrors) { ec::fuzzing::feed_mutations(kSeeds, 20000, 20261127); }

}  // namespace
