"""Judges candidate patches of a Python project inside one sandbox (protocol: docs/judge-protocol.md).

This process never runs code of the project. It keeps two helpers that do, and replaces them when they die:
  hot   has loaded the tests with the original modules; its children swap code objects and run the asked tests
  cold  has loaded the framework and the libraries the project uses; its children load the edited project from scratch
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
if HERE not in sys.path:
    sys.path.insert(0, HERE)

import ec_channel  # noqa: E402
import ec_context  # noqa: E402
import ec_supervisor  # noqa: E402


def make_runner(context):
    if context.framework == "pytest":
        import ec_pytest
        return ec_pytest.PytestRunner(context)
    if context.framework == "unittest":
        import ec_unittest
        return ec_unittest.UnittestRunner(context)
    if context.framework == "doctest":
        import ec_doctest
        return ec_doctest.DoctestRunner(context)
    if context.framework == "script":
        import ec_script
        return ec_script.ScriptRunner(context)
    raise ec_context.LoadError("this driver does not know the framework %r" % context.framework)


def start(request):
    context = ec_context.Context(request)
    os.chdir(context.directory)
    runner = make_runner(context)
    while HERE in sys.path:
        sys.path.remove(HERE)
    if context.cwd_on_path:
        sys.path.insert(0, context.directory)
    runner.preload()
    return ec_supervisor.Supervisor(context, runner)


def main():
    channel = ec_channel.Channel(3, 4)
    supervisor = None
    while True:
        request = channel.read()
        if request is None:
            break
        kind = request.get("type")
        try:
            if kind == "start":
                supervisor = start(request)
                supervisor.begin()
                channel.write({"type": "started", "runtime": "%d.%d.%d" % sys.version_info[:3]})
            elif supervisor is None:
                raise ec_context.LoadError("the first request must be start")
            elif kind == "baseline":
                channel.write(supervisor.baseline(request))
            elif kind == "judge":
                for judgement in supervisor.judge(request):
                    channel.write(judgement)
            elif kind == "observe":
                channel.write(supervisor.observe(request))
            else:
                raise ec_context.LoadError("unknown request %r" % (kind,))
        except ec_context.LoadError as error:
            channel.write({"type": "error", "message": str(error)})
        except Exception as error:  # the engine falls back to running processes
            import traceback
            channel.write({"type": "error", "message": "%s: %s" % (type(error).__name__, error),
                           "details": traceback.format_exc()[-4000:]})
    if supervisor is not None:
        supervisor.end()
    os._exit(0)


if __name__ == "__main__":
    main()
