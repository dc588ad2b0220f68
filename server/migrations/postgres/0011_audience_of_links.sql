-- For whom a link is, written as the console reads it: "executive", or {"organization":{"code":"MOH"}}.
UPDATE status_links SET audience = CASE audience::json ->> 'kind'
    WHEN 'organization' THEN json_build_object('organization', json_build_object('code', audience::json ->> 'code'))::text
    ELSE to_json(audience::json ->> 'kind')::text
END;
