-- Spreads the ledger over 16 partitions by the hash of the account, which is a part of every key in it. central's code
-- stays as it is. Run once, after `loyalty-central migrate`, while no central runs:
--
--     psql --single-transaction --set ON_ERROR_STOP=1 --file postgresql-partitions.sql loyalty
--
-- PostgreSQL wants the partition's column in every unique key, so the row's number alone is no primary key any more.

ALTER TABLE entries RENAME TO entries_whole;
ALTER TABLE entries_whole DROP CONSTRAINT pk_entries;
ALTER TABLE entries_whole DROP CONSTRAINT uq_entries_account_source_ordinal;
DROP INDEX entries_by_lot;
DROP INDEX entries_by_source;
DROP INDEX entries_by_original;

CREATE TABLE entries (
    LIKE entries_whole INCLUDING DEFAULTS,
    CONSTRAINT pk_entries PRIMARY KEY (account, "row"),
    CONSTRAINT uq_entries_account_source_ordinal UNIQUE (account, source, ordinal),
    CONSTRAINT fk_entries_account FOREIGN KEY (account) REFERENCES accounts (ref)
) PARTITION BY HASH (account);
CREATE INDEX entries_by_lot ON entries (lot);
CREATE INDEX entries_by_source ON entries (source);
CREATE INDEX entries_by_original ON entries (original) WHERE original IS NOT NULL;

ALTER TABLE lots RENAME TO lots_whole;
ALTER TABLE lots_whole DROP CONSTRAINT pk_lots;
DROP INDEX lots_by_expiry;

CREATE TABLE lots (
    LIKE lots_whole INCLUDING DEFAULTS,
    CONSTRAINT pk_lots PRIMARY KEY (account, unit, lot, expires_on, matures_on, day),
    CONSTRAINT fk_lots_account FOREIGN KEY (account) REFERENCES accounts (ref)
) PARTITION BY HASH (account);
CREATE INDEX lots_by_expiry ON lots (expires_on) WHERE quantity <> 0 AND expires_on <> '';

DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE entries_%s PARTITION OF entries FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE lots_%s PARTITION OF lots FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
    END LOOP;
END $$;

INSERT INTO entries SELECT * FROM entries_whole;
INSERT INTO lots SELECT * FROM lots_whole;
ALTER SEQUENCE entries_row_seq OWNED BY entries."row";
DROP TABLE entries_whole, lots_whole;
