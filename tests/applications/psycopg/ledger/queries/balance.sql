select coalesce(sum(cents), 0) from entries where account = %(account)s
