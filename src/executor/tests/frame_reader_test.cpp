// Session frames out of bytes that a hostile program wrote.
#include "frame_reader.hpp"

#include <gtest/gtest.h>

#include <ec/box/wire.hpp>

namespace ec::executor {
namespace {

std::string frame(std::string_view content) {
    box::Writer out;
    out.text(content);
    return out.take();
}

TEST(FrameReader, FramesComeOutWholeAndInOrderWhateverThePieces) {
    const std::string bytes = frame("one") + frame("") + frame(std::string(300, 'x'));
    for (const std::size_t piece : {1U, 3U, 4U, 50U, 1000U}) {
        FrameReader reader;
        std::vector<std::string> frames;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            reader.feed(std::string_view(bytes).substr(at, piece));
            while (auto next = reader.next()) frames.push_back(*next);
        }
        EXPECT_EQ(frames, (std::vector<std::string>{"one", "", std::string(300, 'x')}));
        EXPECT_FALSE(reader.broken());
    }
}

TEST(FrameReader, AnUnfinishedFrameWaits) {
    FrameReader reader;
    reader.feed(frame("whole") + std::string("\x05\0\0\0half", 8));
    EXPECT_EQ(reader.next(), "whole");
    EXPECT_FALSE(reader.next());
    reader.feed("d");
    EXPECT_EQ(reader.next(), "halfd");
}

TEST(FrameReader, AFrameOfMoreThan64MiBBreaksItForGood) {
    FrameReader reader;
    reader.feed(frame("fine") + std::string("\x01\0\0\x04", 4));
    EXPECT_EQ(reader.next(), "fine");
    EXPECT_FALSE(reader.broken());
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.broken() && reader.full());
    reader.feed(frame("later"));
    EXPECT_FALSE(reader.next());
}

TEST(FrameReader, TellsWhenMoreWaitsThanItShouldHold) {
    FrameReader reader;
    reader.feed(std::string("\0\0\0\x04", 4));
    EXPECT_FALSE(reader.full());
    reader.feed(std::string(kLargestFrame, 'x'));
    EXPECT_TRUE(reader.full());
    EXPECT_EQ(reader.next()->size(), kLargestFrame);
    EXPECT_FALSE(reader.full());
}

TEST(FrameReader, LinesComeOutWholeAndWithoutTheirEndWhateverThePieces) {
    const std::string bytes = "one\n\n" + std::string(300, 'x') + "\nhalf";
    for (const std::size_t piece : {1U, 3U, 50U, 1000U}) {
        FrameReader reader(300);
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            reader.feed(std::string_view(bytes).substr(at, piece));
            while (auto next = reader.next()) lines.push_back(*next);
        }
        EXPECT_EQ(lines, (std::vector<std::string>{"one", "", std::string(300, 'x')}));
        EXPECT_EQ(reader.waiting(), "half");
        EXPECT_FALSE(reader.broken());
    }
}

TEST(FrameReader, ALineLongerThanTheLimitBreaksItForGoodWithOrWithoutItsEnd) {
    for (const char* end : {"", "\n"}) {
        FrameReader reader(300);
        reader.feed("fine\n" + std::string(301, 'x') + end);
        EXPECT_EQ(reader.next(), "fine");
        EXPECT_FALSE(reader.next());
        EXPECT_TRUE(reader.broken() && reader.full());
        reader.feed("later\n");
        EXPECT_FALSE(reader.next());
    }
}

}  // namespace
}  // namespace ec::executor
