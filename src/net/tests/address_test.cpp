#include <gtest/gtest.h>

#include <ec/net/address.hpp>

namespace ec::net {
namespace {

struct Case {
    const char* text;
    AddressClass value;
};

constexpr Case kCases[] = {
    {"93.184.216.34", AddressClass::global},
    {"8.8.8.8", AddressClass::global},
    {"1.0.0.0", AddressClass::global},
    {"223.255.255.255", AddressClass::global},
    {"2606:2800:220:1:248:1893:25c8:1946", AddressClass::global},
    {"2a00::1", AddressClass::global},
    {"0.0.0.0", AddressClass::unspecified},
    {"0.0.0.1", AddressClass::reserved},
    {"0.255.255.255", AddressClass::reserved},
    {"10.0.0.0", AddressClass::private_use},
    {"10.255.255.255", AddressClass::private_use},
    {"9.255.255.255", AddressClass::global},
    {"11.0.0.0", AddressClass::global},
    {"100.63.255.255", AddressClass::global},
    {"100.64.0.0", AddressClass::shared},
    {"100.127.255.255", AddressClass::shared},
    {"100.128.0.0", AddressClass::global},
    {"127.0.0.1", AddressClass::loopback},
    {"127.255.255.254", AddressClass::loopback},
    {"169.254.169.254", AddressClass::link_local},
    {"169.253.255.255", AddressClass::global},
    {"172.15.255.255", AddressClass::global},
    {"172.16.0.1", AddressClass::private_use},
    {"172.31.255.255", AddressClass::private_use},
    {"172.32.0.0", AddressClass::global},
    {"192.0.0.8", AddressClass::reserved},
    {"192.0.2.1", AddressClass::documentation},
    {"192.88.99.1", AddressClass::six_to_four},
    {"192.168.1.1", AddressClass::private_use},
    {"192.169.0.0", AddressClass::global},
    {"198.17.255.255", AddressClass::global},
    {"198.18.0.0", AddressClass::benchmarking},
    {"198.19.255.255", AddressClass::benchmarking},
    {"198.20.0.0", AddressClass::global},
    {"198.51.100.7", AddressClass::documentation},
    {"203.0.113.7", AddressClass::documentation},
    {"224.0.0.1", AddressClass::multicast},
    {"239.255.255.255", AddressClass::multicast},
    {"240.0.0.1", AddressClass::reserved},
    {"255.255.255.254", AddressClass::reserved},
    {"255.255.255.255", AddressClass::broadcast},
    {"::", AddressClass::unspecified},
    {"::1", AddressClass::loopback},
    {"::2", AddressClass::reserved},
    {"::ffff:127.0.0.1", AddressClass::loopback},
    {"::ffff:10.1.2.3", AddressClass::private_use},
    {"::ffff:169.254.169.254", AddressClass::link_local},
    {"::ffff:8.8.8.8", AddressClass::ipv4_mapped},
    {"::8.8.8.8", AddressClass::ipv4_compatible},
    {"::127.0.0.1", AddressClass::loopback},
    {"64:ff9b::8.8.8.8", AddressClass::nat64},
    {"64:ff9b::192.168.0.1", AddressClass::private_use},
    {"64:ff9b:1::8.8.8.8", AddressClass::nat64},
    {"64:ff9b:1::10.0.0.1", AddressClass::private_use},
    {"64:ff9b:2::1", AddressClass::reserved},
    {"fc00::1", AddressClass::private_use},
    {"fdff:ffff::1", AddressClass::private_use},
    {"fe80::1", AddressClass::link_local},
    {"febf::1", AddressClass::link_local},
    {"fec0::1", AddressClass::site_local},
    {"ff02::1", AddressClass::multicast},
    {"2001:0:0:0:0:0:f7f7:f7f7", AddressClass::teredo},
    {"2001:0:0:0:0:0:80ff:fffe", AddressClass::loopback},  // Teredo keeps 127.0.0.1 with its bits flipped
    {"2001:2::1", AddressClass::benchmarking},
    {"2001:20::1", AddressClass::reserved},
    {"2001:db8::1", AddressClass::documentation},
    {"2001:200::1", AddressClass::global},
    {"2002:0808:0808::1", AddressClass::six_to_four},
    {"2002:7f00:0001::1", AddressClass::loopback},
    {"2002:0a00:0001::1", AddressClass::private_use},
    {"3fff::1", AddressClass::documentation},
    {"3fff:1000::1", AddressClass::global},
    {"4000::1", AddressClass::reserved},
    {"100::1", AddressClass::reserved},
    {"5f00::1", AddressClass::reserved},
};

TEST(Addresses, AreClassedAsTheRegistriesDo) {
    for (const Case& test : kCases) {
        const auto address = Address::parse(test.text);
        ASSERT_TRUE(address) << test.text;
        EXPECT_EQ(classify(*address), test.value) << test.text << " is " << describe(classify(*address));
        EXPECT_FALSE(describe(classify(*address)).empty());
    }
}

TEST(Addresses, HaveOneSpelling) {
    for (const char* text : {"127.1", "2130706433", "0x7f000001", "0177.0.0.1", "010.0.0.1", "1.2.3.4 ", " 1.2.3.4",
                             "1.2.3.4.", "1.2.3.256", "fe80::1%lo", "::1%1", "", "[::1]", "1.2.3.4/8", "::g"}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
    EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0x", 9)));
    EXPECT_EQ(Address::parse("2606:2800:0220:0001::0")->text(), "2606:2800:220:1::");
}

}  // namespace
}  // namespace ec::net
