-- Application acknowledgements: what the sender of a message was told once it had gone further than into the store.
-- `ack_code` is what it was told at intake; empty where that was nothing.
alter table message
  add column application_code     text,        -- MSA-1 of the last one; empty: none could be said; null: none yet
  add column application_error    text,        -- code of the error that it named
  add column application_at       timestamptz,
  -- connection: on that of the message; lost: that was gone; due: waits until the message is processed or delivered;
  -- delivery: as a delivery of its own
  add column application_way      text,
  add column application_delivery bigint;

-- What is owed to a system, in the order in which it came.
create index message_owing on message (channel, id) where application_way = 'due';
