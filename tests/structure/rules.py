"""The rules of the source tree, each a function from a repository root to a list of violations in words.

docs/architecture.md carries the law: one table row a module, with the modules it may use and the third-party header
prefixes it alone wraps. Nothing here knows a module by name except the sandbox program, which is Linux by nature.
"""

import dataclasses
import json
import pathlib
import re
import subprocess

SOURCE_ENDINGS = {".cpp", ".hpp", ".c", ".h"}
HEADER_LINES, SOURCE_LINES = 200, 500
PRESETS = {"dev", "release", "asan", "tsan", "clang", "coverage", "fuzz"}

# C and POSIX headers that every system we may be ported to has.
PORTABLE_HEADERS = set(
    """aio arpa/inet assert ctype dirent dlfcn errno fcntl fenv float fnmatch ftw glob grp inttypes langinfo limits
    locale math netdb netinet/in netinet/tcp poll pthread pwd regex semaphore setjmp signal spawn stdarg stddef stdint
    stdio stdlib string strings sys/file sys/ioctl sys/mman sys/resource sys/select sys/socket sys/stat sys/statvfs
    sys/time sys/times sys/types sys/uio sys/un sys/utsname sys/wait syslog termios time unistd utime wchar
    wctype""".split()
)
# Written for Linux from the first line: it is the sandbox itself.
LINUX_PROGRAM = "box"
# Sources for one operating system, behind a port.
SYSTEM_ENDINGS = ("_linux", "_macos")
# Headers that tests may see beside what their module may.
TEST_HEADERS = ("gtest/", "gmock/", "rapidcheck", "benchmark/")


@dataclasses.dataclass
class Module:
    name: str
    uses: list[str]
    wraps: list[str]


def architecture_table(root):
    """The rows of the table whose header is "| module | holds | may use | wraps |"."""
    modules, inside = {}, False
    for line in (root / "docs/architecture.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if [cell.lower() for cell in cells] == ["module", "holds", "may use", "wraps"]:
            inside = True
        elif inside and not line.startswith("|"):
            break
        elif inside and not set(line) <= set("|-: "):
            names = [re.findall(r"`([^`]+)`", cell) for cell in cells]
            modules[names[0][0]] = Module(names[0][0], names[2], names[3])
    return modules


def closure(modules, name):
    """What a module may use, with what those may use; never itself unless there is a cycle."""
    seen, waiting = set(), list(modules[name].uses)
    while waiting:
        used = waiting.pop()
        if used not in seen and used in modules:
            seen.add(used)
            waiting.extend(modules[used].uses)
    return seen


def sources(root):
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in SOURCE_ENDINGS and path.is_file():
            yield path, path.relative_to(root / "src").parts[0]


def includes(path):
    """(line, "<" or '"', name) for every include of a file."""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match[1], match[2]


def table_violations(root):
    """Rows and folders correspond, and the table has no cycle."""
    modules = architecture_table(root)
    folders = {path.name for path in (root / "src").iterdir() if path.is_dir()}
    found = [f"docs/architecture.md has no row for src/{name}" for name in sorted(folders - modules.keys())]
    found += [f"docs/architecture.md names {name}, which is not in src/" for name in sorted(modules.keys() - folders)]
    for module in modules.values():
        found += [f"{module.name} may use {name}, which has no row" for name in module.uses if name not in modules]
        if module.name in closure(modules, module.name):
            found.append(f"{module.name} may use itself by way of {', '.join(module.uses)}")
    return found


def include_violations(root):
    """Every include is the module's own, of a module it may use, portable, or wrapped by it."""
    modules, found = architecture_table(root), []
    wrapped = {prefix: module.name for module in modules.values() for prefix in module.wraps}
    for path, owner in sources(root):
        if owner not in modules:
            continue
        allowed = closure(modules, owner) | {owner}
        for line, style, name in includes(path):
            where = f"{path.relative_to(root)}:{line}"
            reason = (
                quoted_reason(root, path, owner, name)
                if style == '"'
                else angled_reason(root, path, owner, name, modules, allowed, wrapped)
            )
            if reason:
                found.append(f"{where}: {name}: {reason}")
    return found


def quoted_reason(root, path, owner, name):
    home = root / "src" / owner
    for base in (path.parent, home):
        target = (base / name).resolve()
        if target.is_file():
            return None if target.is_relative_to(home.resolve()) else "a private header of another module"
    return "a quoted include must name a private header of the same module"


def angled_reason(root, path, owner, name, modules, allowed, wrapped):
    ours = re.match(r"ec/([a-z_-]+)/", name)
    if ours:
        if ours[1] not in modules:
            return "no such module"
        if ours[1] not in allowed:
            return f"docs/architecture.md does not let {owner} use {ours[1]}"
        return None if (root / "src" / ours[1] / "include" / name).is_file() else "not a public header of that module"
    if name.startswith("ec_embedded/"):
        return None if name == f"ec_embedded/ec_{owner}.hpp" else "embedded files of another module"
    for prefix, wrapper in wrapped.items():
        if name.startswith(prefix):
            # A library that a public header shows (fmt) comes along with the module that wraps it.
            public = wrapper in allowed and prefix in shown_by(root, wrapper, modules)
            return None if wrapper == owner or public else f"only {wrapper} may see it"
    if re.fullmatch(r"[a-z_0-9]+", name):
        return None  # the C++ standard library
    if name.removesuffix(".h") in PORTABLE_HEADERS and name.endswith(".h"):
        return None
    if "tests" in path.parts and name.startswith(TEST_HEADERS):
        return None
    if owner == LINUX_PROGRAM or path.stem.endswith(SYSTEM_ENDINGS):
        return None if name.endswith(".h") else "a third-party header that the table does not give to this module"
    return (
        "neither portable nor wrapped by this module: an OS header belongs in a *_linux or *_macos file, "
        "a library in the table"
    )


def shown_by(root, module, modules):
    """The wrapped prefixes that a module's table row marks as shown: `prefix*` is written with a star."""
    return {prefix for prefix in modules[module].wraps if f"`{prefix}`\\*" in architecture_text(root)}


def architecture_text(root):
    return (root / "docs/architecture.md").read_text(encoding="utf-8")


def cmake_violations(root):
    """DEPS of every ec_module() are modules its row allows."""
    modules, found = architecture_table(root), []
    for path in sorted((root / "src").glob("*/CMakeLists.txt")):
        for name, body in re.findall(r"ec_module\(\s*(\w+)([^)]*)\)", path.read_text(encoding="utf-8")):
            deps = re.search(r"\bDEPS\s+([a-z_0-9\s]+)", body)
            for dep in deps[1].split() if deps else []:
                if name in modules and dep not in closure(modules, name):
                    found.append(f"{path.relative_to(root)}: {name} links {dep}, which its row does not allow")
    return found


def length_violations(root, excused):
    """`excused` maps a path to the reason why it may be longer; an excuse no longer needed is a violation too."""
    found, needed = [], set()
    for path, _ in sources(root):
        name = str(path.relative_to(root))
        limit = HEADER_LINES if path.suffix in (".hpp", ".h") else SOURCE_LINES
        count = len(path.read_text(encoding="utf-8", errors="replace").splitlines())
        if count > limit:
            needed.add(name)
            if name not in excused:
                found.append(f"{name}: {count} lines, more than {limit}")
    return found + [f"{name}: the excuse for its length is no longer needed" for name in sorted(set(excused) - needed)]


def preset_violations(root):
    presets = json.loads((root / "CMakePresets.json").read_text(encoding="utf-8"))
    names = {preset["name"] for preset in presets["configurePresets"]}
    return [f"CMakePresets.json lacks {name}" for name in sorted(PRESETS - names)]


def npm_violations(root):
    """What npm brings is pinned exactly, with integrity, by a lock file beside each package.json."""
    found = []
    for path in tracked(root, "package.json"):
        where = path.relative_to(root)
        if where.parts[0] == "examples" or "tests" in where.parts:
            continue
        package = json.loads(path.read_text(encoding="utf-8"))
        wanted = {**package.get("dependencies", {}), **package.get("devDependencies", {})}
        for name, version in wanted.items():
            if not re.fullmatch(r"\d+\.\d+\.\d+([-+][\w.-]+)?", version):
                found.append(f"{where}: {name} is {version}, not one exact version")
        lock = path.with_name("package-lock.json")
        if wanted and not lock.is_file():
            found.append(f"{where}: no package-lock.json beside it")
        elif wanted:
            for name, entry in json.loads(lock.read_text(encoding="utf-8")).get("packages", {}).items():
                if name and not entry.get("link") and not str(entry.get("integrity", "")).startswith("sha512-"):
                    found.append(f"{lock.relative_to(root)}: {name} has no sha512 integrity")
    return found


def host_violations(root):
    """Registries are a matter of each machine's configuration: none is named here."""
    hosts = [".".join(parts) for parts in (("registry", "npmjs"), ("deb", "debian", "org"), ("archive", "ubuntu"),
                                            ("security", "debian", "org"), ("pypi", "org"), ("pythonhosted", "org"))]
    found = []
    for path in tracked(root, ""):
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(root)} names the registry host {host}" for host in hosts if host in text]
    return found


def link_violations(root):
    """Relative links of the documents lead somewhere."""
    found = []
    for path in tracked(root, ".md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
                found.append(f"{path.relative_to(root)}: {target} does not exist")
    return found


# Two agents that must not grow into one another (docs/adr/0004): what one may do is no business of the other.
SEPARATE_PATHS = ("src/agent/interactive", "src/agent/worker")


def path_violations(root):
    for path in SEPARATE_PATHS:
        for file in sorted((root / path).rglob("*.?pp")) if (root / path).is_dir() else []:
            for other in SEPARATE_PATHS:
                name = other.rsplit("/", 1)[1]
                for line in file.read_text(encoding="utf-8").splitlines():
                    if other != path and re.match(rf'#include "[^"]*\b{name}/', line):
                        yield f"{file.relative_to(root)} includes a part of {other}"


def attack_violations(root):
    """docs/security/attack-classes.md names only tests that exist, and every test of an attack file."""
    page = root / "docs/security/attack-classes.md"
    named = set(re.findall(r"`([A-Z]\w+\.\w+)`", page.read_text(encoding="utf-8"))) if page.exists() else set()
    tests, attacks = set(), set()
    for path in sorted((root / "src").glob("*/tests/*.cpp")):
        found = {".".join(names) for names in re.findall(r"^TEST(?:_[FP])?\((\w+), (\w+)\)", path.read_text(), re.M)}
        tests |= found
        if path.name.startswith("attack_"):
            attacks |= found
    return [f"attack-classes.md: there is no test {name}" for name in sorted(named - tests)] + [
        f"attack-classes.md: {name} is not named" for name in sorted(attacks - named)
    ]


def dependency_violations(root):
    """Every outside library that the build looks for is listed in docs/dependencies.md."""
    text = (root / "docs/dependencies.md").read_text(encoding="utf-8").lower()
    found, helpers = [], {"pkgconfig", "threads", "python3"}
    for path in [root / "CMakeLists.txt", *sorted((root / "src").glob("*/CMakeLists.txt"))]:
        body = path.read_text(encoding="utf-8")
        names = re.findall(r"find_package\(\s*(\w+)", body)
        names += [name for line in re.findall(r"pkg_check_modules\(([^)]*)\)", body) for name in line.split()
                  if name.islower() and name not in ("required",)]
        for name in names:
            if name.lower() not in helpers and name.lower().removeprefix("lib") not in text:
                found.append(f"{path.relative_to(root)}: {name} is not in docs/dependencies.md")
    return found


def tracked(root, ending):
    """Files that git knows and that exist; in an exported tree without git, all files outside build folders."""
    listed = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [root / name for name in listed.stdout.split("\0") if name]
    else:
        skipped = {"build", "node_modules", ".git", "__pycache__"}
        paths = [path for path in pathlib.Path(root).rglob("*") if not skipped & set(path.relative_to(root).parts)]
    return [path for path in sorted(paths) if path.name.endswith(ending) and path.is_file()]
