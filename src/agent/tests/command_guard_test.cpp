#include <gtest/gtest.h>

#include <ec/agent/command_guard.hpp>
#include <string>
#include <vector>

namespace ec::agent {
namespace {

struct Case {
    std::string_view line;
    GuardAnswer answer;
};

constexpr auto kHarmless = GuardAnswer::harmless;
constexpr auto kSnapshot = GuardAnswer::snapshot_first;
constexpr auto kRefuse = GuardAnswer::refuse;

class CommandGuard : public ::testing::TestWithParam<Case> {};

TEST_P(CommandGuard, KnowsWhatCouldBeLost) {
    const GuardVerdict verdict = guard_shell_line(GetParam().line, "/home/me/project");
    EXPECT_EQ(name(verdict.answer), name(GetParam().answer)) << GetParam().line << ": " << verdict.why;
    EXPECT_FALSE(verdict.why.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Readers, CommandGuard,
    ::testing::Values(Case{"ls -la", kHarmless}, Case{"git status --short", kHarmless},
                      Case{"git log --oneline -5 | head", kHarmless}, Case{"git diff HEAD~1 -- a.py", kHarmless},
                      Case{"git --no-pager show HEAD", kHarmless}, Case{"git -C sub status", kHarmless},
                      Case{"git branch", kHarmless}, Case{"git branch --list 'x*'", kHarmless},
                      Case{"git stash list", kHarmless}, Case{"git reflog", kHarmless},
                      Case{"git config --get user.name", kHarmless}, Case{"git -c color.ui=never log", kHarmless},
                      Case{"cat a.txt 2>/dev/null | grep -n foo", kHarmless}, Case{"sed -n 1,20p a.py", kHarmless},
                      Case{"find . -name '*.py'", kHarmless}, Case{"find . -exec grep -l x {} +", kHarmless},
                      Case{"cd sub && ls >&2", kHarmless}, Case{"env FOO=1 cat a", kHarmless},
                      Case{"echo \"rm -rf .\"", kHarmless}, Case{"echo 'a > b'", kHarmless},
                      Case{"grep -r 'git push --force' docs", kHarmless},
                      Case{"for f in *.py; do cat $f; done", kHarmless}, Case{"", kHarmless},
                      Case{"# rm -rf /", kHarmless}, Case{"command -v rm", kHarmless}));

INSTANTIATE_TEST_SUITE_P(
    Changers, CommandGuard,
    ::testing::Values(
        Case{"git checkout .", kSnapshot}, Case{"git checkout -- a.py", kSnapshot},
        Case{"git checkout main", kSnapshot}, Case{"git restore a.py", kSnapshot}, Case{"git reset --hard", kSnapshot},
        Case{"git reset --hard HEAD~3", kSnapshot}, Case{"git clean -fdx", kSnapshot}, Case{"git stash", kSnapshot},
        Case{"git stash pop", kSnapshot}, Case{"git rebase main", kSnapshot}, Case{"git merge x", kSnapshot},
        Case{"git switch -f x", kSnapshot}, Case{"git rm -r src", kSnapshot}, Case{"git unknown-alias", kSnapshot},
        Case{"git push", kSnapshot}, Case{"git commit --amend", kSnapshot}, Case{"git diff --output=a.py", kSnapshot},
        Case{"rm -rf build", kSnapshot}, Case{"rm a.py", kSnapshot}, Case{"\\rm a.py", kSnapshot},
        Case{"/bin/rm a.py", kSnapshot}, Case{"'r'm a.py", kSnapshot}, Case{"mv a b", kSnapshot},
        Case{"cp /etc/hosts a", kSnapshot}, Case{"truncate -s 0 a", kSnapshot}, Case{"dd if=/dev/zero of=a", kSnapshot},
        Case{"shred a", kSnapshot}, Case{"echo x > a.py", kSnapshot}, Case{": > a.py", kSnapshot},
        Case{"> a.py", kSnapshot}, Case{"cat b >| a", kSnapshot}, Case{"echo x &> a", kSnapshot},
        Case{"echo x >> a", kSnapshot}, Case{"ls | tee a", kSnapshot}, Case{"sed -i s/a/b/ x", kSnapshot},
        Case{"sed -ni.bak p x", kSnapshot}, Case{"sed --in-place s/a/b/ x", kSnapshot},
        Case{"sed 's/a/b/w out' x", kSnapshot}, Case{"perl -pi -e s/a/b/ x", kSnapshot},
        Case{"chmod -R 000 src", kSnapshot}, Case{"find . -name '*.o' -delete", kSnapshot},
        Case{"find . -exec rm {} \\;", kSnapshot}, Case{"find . -type f | xargs rm", kSnapshot},
        Case{"xargs -n 1 -P 4 rm < list", kSnapshot}, Case{"sh -c 'rm a'", kSnapshot},
        Case{"bash -lc \"rm a\"", kSnapshot}, Case{"sh -c 'sh -c \"rm a\"'", kSnapshot},
        Case{"env FOO=1 rm a", kSnapshot}, Case{"FOO=1 BAR=2 rm a", kSnapshot}, Case{"nohup nice -n 5 rm a", kSnapshot},
        Case{"timeout -k 1 5s rm a", kSnapshot}, Case{"true && rm a || false", kSnapshot}, Case{"ls; rm a", kSnapshot},
        Case{"(rm a)", kSnapshot}, Case{"{ rm a; }", kSnapshot}, Case{"if true; then rm a; fi", kSnapshot},
        Case{"echo $(rm a)", kSnapshot}, Case{"echo `rm a`", kSnapshot}, Case{"echo \"$(rm a)\"", kSnapshot},
        Case{"cat <(rm a)", kSnapshot}, Case{"ls\nrm a", kSnapshot}, Case{"ls & rm a", kSnapshot},
        Case{"eval rm a", kSnapshot}, Case{"$CMD a", kSnapshot}, Case{"python -c 'import os'", kSnapshot},
        Case{"make clean", kSnapshot}, Case{"npm test", kSnapshot}, Case{"rm 'unfinished", kSnapshot},
        Case{"busybox rm a", kSnapshot}, Case{"sort -o a a", kSnapshot}, Case{"awk '{print > \"x\"}' a", kSnapshot},
        Case{"rm -rf $DIR", kSnapshot}, Case{"rm /home/me/project/a", kSnapshot}, Case{"rm -rf /tmp/x", kSnapshot},
        Case{"exec rm a", kSnapshot}, Case{"for f in *; do rm $f; done", kSnapshot}, Case{"env -S 'rm a'", kSnapshot},
        Case{"curl x | sh", kSnapshot}));

INSTANTIATE_TEST_SUITE_P(
    Beyond, CommandGuard,
    ::testing::Values(
        Case{"git push --force", kRefuse}, Case{"git push -f origin main", kRefuse},
        Case{"git push --force-with-lease", kRefuse}, Case{"git push origin +main", kRefuse},
        Case{"git push origin :main", kRefuse}, Case{"git push --mirror", kRefuse},
        Case{"git push --delete origin x", kRefuse}, Case{"git branch -D x", kRefuse}, Case{"git branch -d x", kRefuse},
        Case{"git branch --delete --force x", kRefuse}, Case{"git tag -d v1", kRefuse}, Case{"git stash drop", kRefuse},
        Case{"git stash clear", kRefuse}, Case{"git reflog expire --expire=now --all", kRefuse},
        Case{"git gc --prune=now", kRefuse}, Case{"git prune", kRefuse}, Case{"git filter-branch -f", kRefuse},
        Case{"git filter-repo --path x", kRefuse}, Case{"git update-ref -d refs/heads/x", kRefuse},
        Case{"git worktree remove ../x", kRefuse}, Case{"git config alias.x '!rm -rf .'", kRefuse},
        Case{"git -c alias.x='!rm -rf .' x", kRefuse}, Case{"git -c core.fsmonitor=./x status", kRefuse},
        Case{"git -C .. clean -fdx", kRefuse}, Case{"git -C /other reset --hard", kRefuse},
        Case{"git --git-dir=/x/.git gc", kRefuse}, Case{"git --work-tree / checkout .", kRefuse},
        Case{"GIT_DIR=/x git status", kRefuse}, Case{"env GIT_SSH_COMMAND=x git fetch", kRefuse},
        Case{"git rebase -x 'rm a' main", kRefuse}, Case{"git bisect run ./x", kRefuse}, Case{"git $X", kRefuse},
        Case{"/usr/bin/git push -f", kRefuse}, Case{"command git stash clear", kRefuse}, Case{"git-gc", kRefuse},
        Case{"xargs git branch -D", kRefuse}, Case{"sh -c 'git stash drop'", kRefuse},
        Case{"bash -c \"bash -c 'git push -f'\"", kRefuse}, Case{"echo $(git stash clear)", kRefuse},
        Case{"ls && git gc", kRefuse}, Case{"eval 'git stash' drop", kRefuse}, Case{"g''it gc", kRefuse},
        Case{"\"git\" gc", kRefuse}, Case{"rm -rf .git", kRefuse}, Case{"rm -rf .GIT/objects", kRefuse},
        Case{"rm -rf ./.git/", kRefuse}, Case{"rm -rf .g*", kRefuse}, Case{"rm -rf .*", kRefuse},
        Case{"rm -rf .", kRefuse}, Case{"rm -rf /", kRefuse}, Case{"rm -rf ~", kRefuse},
        Case{"rm -rf ../other", kRefuse}, Case{"rm -rf src/../../x", kRefuse}, Case{"rm -rf /home/me/project", kRefuse},
        Case{"rm /home/me/project-b/x", kRefuse}, Case{"mv .git x", kRefuse}, Case{"echo x > /etc/passwd", kRefuse},
        Case{"echo x > .git/config", kRefuse}, Case{"echo x > ~/.bashrc", kRefuse},
        Case{"dd if=a of=/dev/sda", kRefuse}, Case{"find / -delete", kRefuse}, Case{"find .git -exec rm {} +", kRefuse},
        Case{"sed -i s/a/b/ .git/config", kRefuse}, Case{"cp a .git/hooks/pre-commit", kRefuse},
        Case{"tee /etc/x", kRefuse}, Case{"sudo ls", kRefuse}, Case{"mkfs.ext4 /dev/sda", kRefuse},
        Case{"$CMD .git", kRefuse}, Case{"python -c 'import shutil; shutil.rmtree(\".git\")'", kRefuse},
        Case{"rm '.git", kRefuse}, Case{"for d in .git; do rm -rf .git; done", kRefuse},
        Case{"env -S 'git gc'", kRefuse}));

TEST(CommandGuardWithArguments, TakesNoWordForASyntaxOfTheShell) {
    const std::vector<std::string> echo = {"echo", "$(rm a)", ">", "x"};
    EXPECT_EQ(guard_command(echo).answer, kHarmless);
    const std::vector<std::string> remove = {"rm", "-rf", ".git"};
    EXPECT_EQ(guard_command(remove).answer, kRefuse);
    EXPECT_EQ(guard_command({}).answer, kHarmless);
}

TEST(CommandGuardWithArguments, SurvivesWhatIsNoLine) {
    EXPECT_EQ(guard_shell_line(std::string(70'000, 'a')).answer, kSnapshot);
    EXPECT_EQ(guard_shell_line(std::string("\0\xff\xfe", 3)).answer, kSnapshot);
    std::string deep = "rm a";
    for (int i = 0; i < 12; ++i) deep = "eval " + deep;
    EXPECT_EQ(guard_shell_line(deep).answer, kRefuse);
    std::string nested = "x";
    for (int i = 0; i < 5000; ++i) nested = "$(" + nested;
    EXPECT_NE(guard_shell_line(nested).answer, kHarmless);
    for (const std::string_view tail : {"$", "\\", "`", "$(", "<(", ">", "2>", "&>", "<<-", "\"", "'"}) {
        EXPECT_NO_FATAL_FAILURE(guard_shell_line("rm a " + std::string(tail)));
    }
}

}  // namespace
}  // namespace ec::agent
