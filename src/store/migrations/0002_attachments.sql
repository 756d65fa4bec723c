-- Large parts of messages, such as PDFs in base64, once each. In the message a reference stands in their place.

-- The content, by a keyed hash of it: the same PDF in two messages is kept once, and its id tells nothing about it.
create table attachment (
  id      bytea primary key,
  size    bigint not null,            -- bytes of the content
  used_at timestamptz not null        -- when a message last brought it; what no message has and nobody used for a while can go
);

-- Its bytes, a megabyte a row, each sealed for its place: a chunk that is changed or moved does not open.
create table attachment_chunk (
  attachment_id bytea not null references attachment on delete cascade,
  number        integer not null,     -- from 0
  sealed        bytea not null,
  primary key (attachment_id, number)
);
alter table attachment_chunk alter column sealed set storage external;

-- Which message has which. What is not listed here for a message is never put into it, whatever its text says.
create table message_attachment (
  message_id    bigint not null,
  attachment_id bytea not null references attachment,
  size          bigint not null,
  base64        boolean not null,     -- well-formed base64: stays a reference up to the destinations
  primary key (message_id, attachment_id)
);
create index message_attachment_of on message_attachment (attachment_id);

-- How many it has, so that nobody asks for those of a message without any.
alter table message add column attachments integer not null default 0;
