create table entries (id bigserial primary key, account text not null, cents bigint not null);
