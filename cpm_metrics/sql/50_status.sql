-- One row: an obligation with its status on the as-at date. The only place where a status is decided.
INSERT INTO decided BY NAME
WITH told AS (  -- what the rules' clocks say, all of them
    $clocks
),
settled AS (
    SELECT * REPLACE (
        nullif(missing, '') AS missing,
        CASE WHEN closes_on <= as_at() THEN closes_on END AS closes_on,
        CASE WHEN lapses_on <= as_at() THEN lapses_on END AS lapses_on)
    FROM told
),
decided_now AS (
    SELECT *,
        CASE
            WHEN missing IS NOT NULL OR due_date IS NULL THEN 'cannot_tell'
            WHEN done_date <= due_date THEN 'on_time'
            WHEN done_date > due_date THEN 'late'
            WHEN lapses_on <= due_date THEN 'lapsed'
            WHEN closes_on IS NOT NULL OR lapses_on IS NOT NULL THEN 'missed'
            WHEN due_date < as_at() THEN 'overdue'
            WHEN due_date <= (SELECT $due_soon FROM calendar WHERE day = as_at()) THEN 'due_soon'
            ELSE 'upcoming'
        END AS status,
        least(due_date, as_at()) AS owned_on  -- least() passes over a blank due date
    FROM settled
)
SELECT d.rule, o.owner, d.anchor_date, d.due_date, d.done_date, d.meeting_id, d.closes_on, d.lapses_on, d.status,
    d.missing, d.detail, d.limit_text, d.anchor_words, d.about_meeting
FROM decided_now d
JOIN owners o  -- the one allocated then; with no history, the case's own
  ON o.child_id = d.child_id AND o.care_started = d.care_started AND d.owned_on BETWEEN o.from_day AND o.to_day;
