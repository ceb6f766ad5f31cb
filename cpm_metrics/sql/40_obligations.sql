-- One row: an obligation with its status on the as-at date, as small as it can be held: whose it is, is a row of `owners`.
CREATE TABLE decided (
    rule ENUM ($rule_codes), owner INTEGER, anchor_date DATE, due_date DATE, done_date DATE, meeting_id VARCHAR, closes_on DATE, lapses_on DATE,
    status ENUM ($statuses), missing VARCHAR, detail VARCHAR, limit_text VARCHAR, anchor_words VARCHAR, about_meeting VARCHAR
);

-- One row: an obligation.
CREATE VIEW obligation_facts AS
SELECT d.rule::VARCHAR AS rule, o.child_id, o.care_started, d.anchor_date, d.due_date, d.done_date, d.meeting_id, d.closes_on, d.lapses_on,
    d.status::VARCHAR AS status,
    CASE WHEN d.status IN ('on_time', 'late') THEN d.done_date - d.due_date
         WHEN d.status = 'overdue' THEN as_at() - d.due_date END AS days,
    o.team, o.worker, d.missing, d.detail, d.limit_text, d.anchor_words, d.about_meeting, d.rowid AS obligation_id
FROM decided d JOIN owners o ON o.owner = d.owner;

-- One row: an obligation, with its sentence. The sentence is made when it is asked for.
CREATE VIEW obligations AS
SELECT f.rule, child_id, care_started, anchor_date, due_date, done_date, meeting_id, closes_on, lapses_on, status, days, team, worker,
    w.title || ': ' ||
    CASE WHEN w.record AND f.anchor_words IS NULL THEN 'CPM held on ' || on_day(anchor_date) || ' (' || w.source || '): ' ||
            CASE status WHEN 'on_time' THEN w.done_words WHEN 'missed' THEN detail
                 ELSE 'cannot tell, because the extracts do not have: ' || missing END
    ELSE
        coalesce(f.anchor_words, w.anchor_words) || ' ' || on_day(anchor_date)
        || CASE WHEN detail IS NOT NULL THEN ' (' || detail || ')' ELSE '' END
        || CASE WHEN due_date IS NOT NULL AND missing IS DISTINCT FROM 'Reviews'
                THEN '; due by ' || on_day(due_date) || ' (' || coalesce(f.limit_text, w.limit_text, '') || '; ' || w.source || ')'
                ELSE ' (' || w.source || ')' END
        || '; ' ||
        CASE status
            WHEN 'on_time' THEN w.done_words || ' ' || on_day(done_date) || ', in time'
            WHEN 'late' THEN w.done_words || ' ' || on_day(done_date) || ', ' || how_many(days, 'day') || ' late'
            WHEN 'overdue' THEN 'not done by ' || on_day(as_at()) || ', ' || how_many(days, 'day') || ' overdue'
            WHEN 'missed' THEN 'not done before '
                || CASE WHEN closes_on IS NULL OR closes_on > lapses_on THEN w.lapses_words || ' on ' || on_day(lapses_on)
                        ELSE w.closes_words || ' on ' || on_day(closes_on) END
            WHEN 'lapsed' THEN 'not needed any more: ' || w.lapses_words || ' on ' || on_day(lapses_on)
            WHEN 'cannot_tell' THEN 'cannot tell, because the extracts do not have: ' || missing
            ELSE how_many(due_date - as_at(), 'day') || ' left on ' || on_day(as_at())
        END
    END || '.' AS why,
    obligation_id, w.level, w.advisory, about_meeting, missing
FROM obligation_facts f JOIN rule_words w ON w.rule = f.rule;
