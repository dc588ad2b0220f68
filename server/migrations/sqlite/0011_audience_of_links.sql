-- For whom a link is, written as the console reads it: "executive", or {"organization":{"code":"MOH"}}.
UPDATE status_links SET audience = CASE json_extract(audience, '$.kind')
    WHEN 'organization' THEN json_object('organization', json_object('code', json_extract(audience, '$.code')))
    ELSE json_quote(json_extract(audience, '$.kind'))
END;
