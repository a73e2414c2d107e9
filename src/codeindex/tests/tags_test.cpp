#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/codeindex/tags.hpp>

namespace ec::codeindex {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

std::vector<std::string> defined(Language language, const std::string& text) {
    std::vector<std::string> names;
    for (const Definition& definition : tags_of(Tree::parse(language, text).value()).definitions)
        names.push_back(definition.name);
    return names;
}

std::vector<std::string> used(Language language, const std::string& text) {
    std::vector<std::string> names;
    for (const Reference& reference : tags_of(Tree::parse(language, text).value()).references)
        names.push_back(reference.name);
    return names;
}

TEST(Tags, FindWhatPythonDefines) {
    const std::string text =
        "LIMIT = 3\n\nclass App(Base):\n    name = 1\n    def run(self, a):\n        x = helper(a)\n\n"
        "async def main(): pass\n";
    EXPECT_THAT(defined(Language::python, text), ElementsAre("LIMIT", "App", "run", "main"));
    EXPECT_THAT(used(Language::python, text), IsSupersetOf({"Base", "helper"}));
    const Tags tags = tags_of(Tree::parse(Language::python, text).value());
    EXPECT_EQ(tags.definitions[2], (Definition{"run", "    def run(self, a):", 5, 6}));
}

TEST(Tags, FindWhatJavaScriptAndTypeScriptDefine) {
    EXPECT_THAT(defined(Language::javascript,
                        "export const add = (a) => { const inner = 1; return a; };\nfunction f() {}\n"
                        "class A { m() {} go = () => 1; static s() {} }\nfunction* g() {}\n"),
                ElementsAre("add", "f", "A", "m", "go", "s", "g"));
    EXPECT_THAT(
        defined(Language::typescript,
                "interface I { m(x: number): void }\ntype T = I | null;\nenum E { A }\n"
                "abstract class C { abstract q(): void; private p() {} }\nnamespace N { export function z() {} }\n"
                "declare function d(): void;\n"),
        ElementsAre("I", "m", "T", "E", "C", "q", "p", "N", "z", "d"));
    EXPECT_THAT(defined(Language::tsx, "export function View() { return <b onClick={go}/>; }\n"), ElementsAre("View"));
}

TEST(Tags, FindWhatCAndCppDefine) {
    EXPECT_THAT(
        defined(Language::cpp,
                "#define LIMIT 3\n#define MIN(a, b) a\nstruct stat;\nstruct S { int f; void m(); ~S(); };\n"
                "static int *find(const char *s) { struct stat st; return 0; }\nint proto(int);\n"
                "typedef struct S Alias;\nenum class Kind { a };\nusing Names = int;\n"
                "template <class T> T& ns::Box<T>::get() & { return x; }\nS operator+(S a, S b) { return a; }\n"),
        ElementsAre("LIMIT", "MIN", "S", "m", "~S", "find", "proto", "Alias", "Kind", "Names", "get", "operator+"));
}

TEST(Tags, FindWhatGoJavaAndRustDefine) {
    EXPECT_THAT(
        defined(Language::go,
                "package p\nconst Max = 3\nvar (\n  a = 1\n)\ntype T struct { f int }\ntype I interface { M() }\n"
                "func (t *T) Run(x int) { y := 1; _ = y }\nfunc New() *T { return nil }\n"),
        ElementsAre("Max", "a", "T", "I", "M", "Run", "New"));
    EXPECT_THAT(
        defined(Language::java,
                "package a.b;\npublic class C extends D { int f; C() {} void m() {} enum E { X } record R(int q) {}\n"
                "interface I { void n(); } }\n"),
        ElementsAre("C", "C", "m", "E", "R", "I", "n"));
    EXPECT_THAT(
        defined(
            Language::rust,
            "mod m { pub fn f() {} }\nstruct S;\nstruct P { a: u8 }\nenum E { A }\ntrait T { fn q(&self); }\n"
            "impl T for S { fn q(&self) {} }\nmacro_rules! mac { () => {} }\nconst K: u8 = 1;\nstatic G: u8 = 2;\n"),
        ElementsAre("m", "f", "S", "P", "E", "T", "q", "q", "mac", "K", "G"));
}

TEST(Tags, AreFoundAroundErrors) {
    EXPECT_THAT(defined(Language::python, "def ok():\n    pass\n\ndef broken(:\n\ndef last():\n    pass\n"),
                IsSupersetOf({"ok", "last"}));
}

TEST(Tags, KeepSignaturesShortAndWhole) {
    const std::string text = "def f(" + std::string(60, 'a') + ", *, \xc3\xa4" + [] {
        std::string many;
        for (int i = 0; i < 100; ++i) many += "\xc3\xa4";
        return many;
    }() + "):\n    pass\n";
    const Tags tags = tags_of(Tree::parse(Language::python, text).value());
    ASSERT_EQ(tags.definitions.size(), 1U);
    const std::string& signature = tags.definitions[0].signature;
    EXPECT_LE(signature.size(), 160U);
    EXPECT_TRUE(signature.ends_with("\xc3\xa4…")) << signature;
}

TEST(Tags, StayBoundedOnHostileSources) {
    for (const Language language : {Language::python, Language::cpp, Language::rust, Language::java, Language::go}) {
        EXPECT_TRUE(tags_of(Tree::parse(language, std::string(100'000, '(')).value()).definitions.empty());
        tags_of(Tree::parse(language, std::string("\xff\0\xfe{", 4)).value());
        tags_of(Tree::parse(language, "").value());
    }
    std::string many;
    for (int i = 0; i < 6000; ++i) many += "def f" + std::to_string(i) + "(): pass\n";
    EXPECT_EQ(tags_of(Tree::parse(Language::python, many).value()).definitions.size(), 5000U);
}

TEST(Languages, ThatAreOnlyReadAreKnownByTheirFileNames) {
    for (const char* path : {"a.c", "a.h", "a.cc", "a.cpp", "a.hpp", "x/a.cxx"})
        EXPECT_EQ(language_of(path), Language::cpp);
    EXPECT_EQ(language_of("a.go"), Language::go);
    EXPECT_EQ(language_of("A.java"), Language::java);
    EXPECT_EQ(language_of("lib.rs"), Language::rust);
}

}  // namespace
}  // namespace ec::codeindex
