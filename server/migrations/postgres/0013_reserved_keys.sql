-- A key is reserved before its command begins: the same request at the same instant waits for the answer.
ALTER TABLE idempotency_keys
    ALTER COLUMN status DROP NOT NULL,
    ALTER COLUMN body DROP NOT NULL,
    -- counts who carries it out: one that was taken for dead writes no answer
    ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1,
    -- by the clock of the database; none when it is answered
    ADD COLUMN held_until BIGINT,
    ADD CHECK ((held_until IS NULL) = (status IS NOT NULL) AND (status IS NULL) = (body IS NULL));
ALTER TABLE idempotency_keys ALTER COLUMN attempt DROP DEFAULT;
