-- What validation found in a message, where its channel asks for it: {"list": [{severity, rule, path, condition, says}],
-- "more": n}. Places and rules, no values of fields, so it is not sealed.
alter table message add column findings jsonb;
