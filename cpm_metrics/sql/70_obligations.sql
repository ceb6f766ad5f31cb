-- One row: an obligation with its status on the as-at date. The only place where a status is decided.
CREATE TABLE obligation_facts AS
WITH settled AS (
    SELECT rowid AS obligation_id, * REPLACE (
        nullif(missing, '') AS missing,
        CASE WHEN closes_on <= as_at() THEN closes_on END AS closes_on,
        CASE WHEN lapses_on <= as_at() THEN lapses_on END AS lapses_on)
    FROM raw_obligations
),
decided AS (
    SELECT *,
        CASE
            WHEN missing IS NOT NULL OR due_date IS NULL THEN 'cannot_tell'
            WHEN done_date <= due_date THEN 'on_time'
            WHEN done_date > due_date THEN 'late'
            WHEN lapses_on <= due_date THEN 'lapsed'
            WHEN closes_on IS NOT NULL OR lapses_on IS NOT NULL THEN 'missed'
            WHEN due_date < as_at() THEN 'overdue'
            WHEN due_date <= $due_soon THEN 'due_soon'
            ELSE 'upcoming'
        END AS status,
        least(due_date, as_at()) AS owned_on  -- least() passes over a blank due date
    FROM settled LEFT JOIN calendar ON calendar.day = as_at()
)
SELECT
    d.rule, d.child_id, d.care_started, d.anchor_date, d.due_date, d.done_date, d.meeting_id, d.closes_on, d.lapses_on, d.status,
    CASE WHEN d.status IN ('on_time', 'late') THEN d.done_date - d.due_date
         WHEN d.status = 'overdue' THEN as_at() - d.due_date END AS days,
    -- The one allocated then; with no history, the case's own.
    CASE WHEN a.child_id IS NULL THEN p.case_team ELSE a.team END AS team,
    CASE WHEN a.child_id IS NULL THEN p.case_worker ELSE a.worker END AS worker,
    d.missing, d.detail, d.limit_text, d.anchor_words, d.about_meeting, d.obligation_id
FROM decided d
JOIN periods p USING (child_id, care_started)
ASOF LEFT JOIN allocated_from a ON a.child_id = d.child_id AND a.from_day <= d.owned_on;

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
