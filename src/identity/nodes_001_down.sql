DROP TABLE node_audit;
DROP TABLE node;
DROP TABLE join_token;
