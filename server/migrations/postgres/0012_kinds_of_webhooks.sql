-- What a webhook is told of, as kinds of events between commas, such as ,update,run, - or nothing: of all.
ALTER TABLE webhooks ADD COLUMN kinds TEXT COLLATE "C" NOT NULL DEFAULT '';
