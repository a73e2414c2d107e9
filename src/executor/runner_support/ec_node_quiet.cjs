// Preloaded (--require) where nobody reads what node:test prints: node's own spec reporter hands its events to our report
// and prints nothing. Loading a reporter of ours costs 10 ms of processor time more, for it starts node's ES module
// loader and one stream for each destination, and formatting a failure costs another 5.
'use strict';
const { openCollector } = require('./ec_node_reporter.cjs');

// The files that `node --test` starts tell their parent, which has the request for the report.
const collector = process.env.NODE_TEST_CONTEXT === undefined ? openCollector() : null;
if (collector !== null) {
  const stopAt = new Set(require('./ec_stop_at.json'));
  const { spec } = require('node:test/reporters');
  // The class itself is internal, and the one that node makes for itself shares its prototype with this one.
  const methods = Object.getPrototypeOf(new spec());
  methods._transform = (event, encoding, done) => {
    collector.take(event);
    if (collector.failed !== undefined && stopAt.has(collector.failed)) process.reallyExit(1);
    done();
  };
  methods._flush = (done) => {
    collector.finish();
    done();
  };
}
