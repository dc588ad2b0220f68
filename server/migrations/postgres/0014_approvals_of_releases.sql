-- Releasing a kept database may need a second administrator.
ALTER TABLE approvals
    DROP CONSTRAINT approvals_action_check,
    ADD CONSTRAINT approvals_action_check CHECK (action IN ('run', 'rollback', 'mode', 'release'));
