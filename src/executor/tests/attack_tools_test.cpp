// What the fences must not break: the tools that projects are built and tested with.
#include <unistd.h>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

class OrdinaryTools : public testing::AttackTest {
protected:
    static bool has(const std::string& program) {
        for (const char* dir : {"/usr/local/bin/", "/usr/bin/", "/bin/"}) {
            if (::access((dir + program).c_str(), X_OK) == 0) return true;
        }
        return false;
    }
    // Runs a script that must succeed, when the machine has the tool.
    void works(const std::string& tool, const std::string& script) {
        if (!has(tool)) return;
        Limits limits;
        limits.wall = limits.cpu = std::chrono::seconds(120);
        limits.memory_bytes = 2ULL << 30;
        limits.processes = 512;
        const RunResult result = shell("set -e; " + script, limits);
        EXPECT_EQ(result.status, RunStatus::ok) << tool << ": " << name(result.status) << "\n"
                                                << result.out << result.err;
    }
};

TEST_F(OrdinaryTools, InterpretersWork) {
    works("python3", "python3 -c 'import asyncio, ssl, sqlite3, ctypes, json; asyncio.run(asyncio.sleep(0))'");
    works("python3",
          "python3 -c 'import multiprocessing as m\nwith m.Pool(2) as p: assert p.map(abs, [-1, 2]) == [1, 2]'");
    works("python3",
          "python3 -c 'import subprocess, threading, tempfile; subprocess.run([\"true\"], check=True); t = "
          "threading.Thread(target=print); t.start(); t.join(); tempfile.TemporaryFile()'");
    works("python3",
          "python3 -c 'import concurrent.futures as c\nwith c.ProcessPoolExecutor(2) as p: print(list(p.map(abs, "
          "[1])))'");
    works("node", "node -e 'new (require(\"worker_threads\").Worker)(\"process.exit(0)\", {eval: true})'");
    works("node",
          "node -e 'const h = require(\"http\").createServer((q, r) => r.end(\"x\")).listen(0, async () => { "
          "console.log(await (await fetch(\"http://127.0.0.1:\" + h.address().port)).text()); h.close(); })'");
    works("node",
          "node -e 'require(\"child_process\").execSync(\"true\"); require(\"fs\").promises.readFile(\"/etc/hosts\")'");
    works("perl", "perl -MSocket -MPOSIX -e 'my $p = fork; exit 0 if !$p; waitpid $p, 0; print \"ok\\n\"'");
    works("ruby", "ruby -e 'Thread.new { puts 1 }.join; system(\"true\") or exit 1'");
    works("php", "php -r 'echo 1;'");
    works("bash",
          "bash -c 'coproc cat; echo x >&${COPROC[1]}; read y <&${COPROC[0]}; ulimit -c 0; ulimit -n 256; [ $y = x ]'");
}

TEST_F(OrdinaryTools, CompilersAndBuildToolsWork) {
    write("main.cpp", "#include <thread>\nint main() { std::thread([] {}).join(); }\n");
    write("main.c", "int main(void) { return 0; }\n");
    write("Makefile", "all: c\n\t./c\nc: main.c\n\tgcc -o c main.c\n");
    write("CMakeLists.txt",
          "cmake_minimum_required(VERSION 3.20)\nproject(x CXX)\nadd_executable(x main.cpp)\nfind_package(Threads)\n"
          "target_link_libraries(x Threads::Threads)\nenable_testing()\nadd_test(NAME t COMMAND x)\n");
    works("gcc", "gcc -O2 -o c main.c; ./c");
    works("g++", "g++ -O2 -pthread -o cc main.cpp; ./cc");
    const auto isolation = probe_isolation(testing::box_program());
    ASSERT_TRUE(isolation);
    if (isolation->memory_limit != "soft") {  // RLIMIT_DATA has no room for the shadow memory: docs/sandbox.md
        works("g++", "g++ -fsanitize=address,undefined -pthread -o sane main.cpp; ASAN_OPTIONS=detect_leaks=0 ./sane");
    }
    works("make", "make -j4");
    works("cmake", "cmake -S . -B b >/dev/null; cmake --build b -j2 >/dev/null; cd b; ctest");
    works("git",
          "git init -q .; git add -A; git -c user.name=n -c user.email=e commit -qm m; git log --oneline; git gc -q; "
          "git worktree add -q ../wt 2>/dev/null || true; git status --short");
    works("javac",
          "printf 'class A { public static void main(String[] a) throws Exception { Thread t = new Thread(() -> {}); "
          "t.start(); t.join(); System.out.println(1); } }' > A.java; javac A.java; java A");
    works("go",
          "printf 'package main\\nfunc main() { c := make(chan int); go func() { c <- 1 }(); <-c }' > m.go; "
          "GOFLAGS=-mod=mod "
          "GOCACHE=/tmp/gc go run m.go");
    works("rustc", "echo 'fn main() { std::thread::spawn(|| {}).join().unwrap(); }' > m.rs; rustc m.rs; ./m");
}

TEST_F(OrdinaryTools, TestRunnersWork) {
    write("test_a.py", "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n");
    write("package.json", R"({"name":"x","version":"1.0.0","scripts":{"test":"node --test"}})");
    write("a.test.js", "require('node:test').test('a', () => {});\n");
    works("python3", "python3 -m unittest -q; /usr/bin/python3 -m pytest -q -p no:cacheprovider");
    works("node", "node --test");
    works("npm", "npm test --silent");
    works("npm", "npm pack --silent --dry-run");
}

TEST_F(OrdinaryTools, SmallToolsOfEveryDayWork) {
    works("tar", "mkdir d; echo x > d/f; tar czf d.tgz d; tar xzf d.tgz -C /tmp; cmp d/f /tmp/d/f");
    works("find", "find . -type f | xargs -r wc -l | sort | tail -1; ls -la / >/dev/null");
    works("ps", "ps aux >/dev/null; nproc; free >/dev/null; uptime >/dev/null || true");
    works("timeout",
          "timeout 5 true; nice -n 5 true; setsid -w true; taskset -p $$ >/dev/null 2>&1 || true; flock l true");
    works("mktemp",
          "f=$(mktemp); echo x > $f; install -m 755 $f ./i; ln -s i l; cp -a . /tmp/copy; rm -rf /tmp/copy; mkfifo p; "
          "rm p");
    works("sqlite3", "sqlite3 db 'create table t(x); insert into t values(1); select * from t'");
    works("ionice", "ionice -c 3 true; chrt -b 0 true; prlimit --nofile=100 true; renice -n 19 -p $$ >/dev/null");
}

}  // namespace
}  // namespace ec::executor
